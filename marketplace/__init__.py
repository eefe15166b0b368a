"""The product: from consignment to handover, composed of the two libraries."""
