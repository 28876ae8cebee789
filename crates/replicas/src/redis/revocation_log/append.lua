-- KEYS: state, stream, seq
-- ARGV: a random epoch, the length of the stream, then slot, time and text of each entry
-- Times are decimals of one length, which compare as strings: a Lua number has only 53 bits.
redis.call('HSETNX', KEYS[1], '', ARGV[1])
for i = 3, #ARGV, 3 do
    local slot, time, text = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    local known = redis.call('HGET', KEYS[1], slot)
    if not known or string.sub(known, 1, #time) < time then
        redis.call('HSET', KEYS[1], slot, time .. ' ' .. text)
        local seq = redis.call('INCR', KEYS[3])
        redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*',
            'seq', seq, 'slot', slot, 'time', time, 'text', text)
    end
end
