-- `english`: open ascending, with proxies and an extension. Twin of rules/english.py.

local english = derive({ actions = { bid = true, proxy = true } }, ascending)
formats.english = english
