-- KEYS: state
-- ARGV: slot and time of each entry
for i = 1, #ARGV, 2 do
    local known = redis.call('HGET', KEYS[1], ARGV[i])
    if known and string.sub(known, 1, #ARGV[i + 1]) <= ARGV[i + 1] then
        redis.call('HDEL', KEYS[1], ARGV[i])
    end
end
