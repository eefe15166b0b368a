"""One module a command of `luochui`; each is a few lines over a service."""
