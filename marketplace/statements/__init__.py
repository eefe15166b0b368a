"""Statements: 结算单, 分配方案, 清算单, as issued from the books."""
