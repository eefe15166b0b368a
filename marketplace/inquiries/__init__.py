"""What bidders ask and see before they bid (咨询、看样、风险确认): questions, viewings, acknowledgements."""
