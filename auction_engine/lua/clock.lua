-- Production: only the server's own clock decides.

redis.register_function('decide_v1', prepared(decide_v1))
redis.register_function('decide_v2', prepared(decide_v2))
