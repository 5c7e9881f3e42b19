-- Asks every beat to read its configuration again.
redis.call('INCR', P .. 'reloads')
redis.call('PUBLISH', P .. 'beat', 'reload')
return 1
