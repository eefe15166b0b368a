"""Documents (文件) with versions and visibility, and the data room (资料室) of a lot."""
