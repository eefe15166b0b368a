"""Pure rules of settlement: values in, values out."""
