"""The part of OData V2, as SAP Gateway speaks it, that the stand-in's services share."""
