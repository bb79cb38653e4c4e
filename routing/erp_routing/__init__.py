"""Which ERP answers, and do two answers agree."""
