-- wrk's script: GET with a bearer token, the one in the file given, or (more than one line) the next of them each time.
-- usage: wrk -s load.lua URL -- TOKENS-FILE HOST
-- The report is one line of JSON for bench/peers.

function init(args)
  local tokens = {}
  for line in io.lines(args[1]) do
    tokens[#tokens + 1] = "Bearer " .. line
  end
  wrk.headers["Host"] = args[2]
  wrk.headers["Authorization"] = tokens[1]
  if #tokens > 1 then
    -- Made beforehand, so that wrk's own work for a request is one table look-up.
    local requests, next_one = {}, 0
    for i = 1, #tokens do
      requests[i] = wrk.format("GET", nil, { Host = args[2], Authorization = tokens[i] })
    end
    function request()
      next_one = next_one % #requests + 1
      return requests[next_one]
    end
  end
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'REPORT {"requests": %d, "bytes": %d, "seconds": %.6f, "p50_us": %d, "p99_us": %d, '
      .. '"errors": {"connect": %d, "read": %d, "write": %d, "timeout": %d, "status": %d}}\n',
    summary.requests, summary.bytes, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    e.connect, e.read, e.write, e.timeout, e.status))
end
