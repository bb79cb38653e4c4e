"""The state machine and the state of an order with parts."""

from __future__ import annotations

import pytest

from erp.v1.orders_pb2 import Order
from erp_facade.orders.states import MOVES, SETTLED, ForbiddenMove, State, check_move, order_state

S = State


def test_the_states_are_those_of_the_contract():
    names = set(Order.SubmissionState.keys()) - {"SUBMISSION_STATE_UNSPECIFIED"}
    assert {s.value for s in State} == names


def test_every_state_of_a_part_has_its_moves():
    assert set(MOVES) == set(State) - {S.PARTIALLY_BOOKED}


def test_a_refused_or_cancelled_part_is_final_and_a_booked_one_can_only_be_cancelled():
    assert MOVES[S.REJECTED] == MOVES[S.CANCELLED] == frozenset()
    assert MOVES[S.BOOKED] == {S.CANCELLED}


def test_an_unknown_outcome_never_becomes_accepted_by_itself():
    with pytest.raises(ForbiddenMove):
        check_move(S.IN_DOUBT, S.ACCEPTED)


def test_a_part_that_was_sent_is_never_cancelled_without_its_erp():
    for state in (S.DISPATCHING, S.HANDED_OVER, S.IN_DOUBT):
        assert S.CANCELLED not in MOVES[state]


def test_every_state_leads_to_a_settled_one():
    reaching = set(SETTLED)
    for _ in State:
        reaching |= {state for state, after in MOVES.items() if after & reaching}
    assert reaching == set(State)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([S.BOOKED], S.BOOKED),
        ([S.BOOKED, S.BOOKED], S.BOOKED),
        ([S.BOOKED, S.REVIEW, S.IN_DOUBT], S.REVIEW),
        ([S.BOOKED, S.IN_DOUBT, S.HELD], S.IN_DOUBT),
        ([S.HELD, S.DISPATCHING], S.HELD),
        ([S.DISPATCHING, S.HANDED_OVER, S.ACCEPTED], S.DISPATCHING),
        ([S.HANDED_OVER, S.ACCEPTED, S.BOOKED], S.HANDED_OVER),
        ([S.ACCEPTED, S.BOOKED], S.ACCEPTED),
        ([S.BOOKED, S.REJECTED], S.PARTIALLY_BOOKED),
        ([S.BOOKED, S.CANCELLED], S.PARTIALLY_BOOKED),
        ([S.REJECTED, S.CANCELLED], S.REJECTED),
        ([S.CANCELLED, S.CANCELLED], S.CANCELLED),
    ],
)
def test_the_least_settled_part_decides_the_order(parts, expected):
    assert order_state(parts) is expected
    assert order_state(parts[::-1]) is expected
