"""What an ERP adapter implements: ports, errors, declared operations, cross-reference types, conformance suite."""
