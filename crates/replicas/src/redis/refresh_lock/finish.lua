-- KEYS: the refresh
-- ARGV: the claim of the holder, the outcome, for how many milliseconds
-- A claim that ended and that nobody else has by now takes the outcome too: the refresh was done.
local known = redis.call('GET', KEYS[1])
if not known or known == ARGV[1] then
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
