"""Packages (组合、打包): rights that are offered together, and why they may not be parted."""
