"""Licences from the offer to the register (许可授予): signed, effective, recorded in time, active, ended."""
