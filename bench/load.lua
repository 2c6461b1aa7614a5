-- wrk's script: GET with a bearer token, the one in the file given, or (more than one line) the next of them each time. A line
-- with a space in it is a token bound to a key, and a DPoP proof for one request.
-- usage: wrk -s load.lua URL -- TOKENS-FILE HOST
-- The report is one line of JSON for bench/peers.

local function fields(line, host)
  local token, proof = line:match("^(%S+) (%S+)$")
  if proof then return { Host = host, Authorization = "DPoP " .. token, DPoP = proof } end
  return { Host = host, Authorization = "Bearer " .. line }
end

function init(args)
  local lines = {}
  for line in io.lines(args[1]) do
    lines[#lines + 1] = line
  end
  for name, value in pairs(fields(lines[1], args[2])) do wrk.headers[name] = value end
  if #lines > 1 then
    -- Made beforehand, so that wrk's own work for a request is one table look-up.
    local requests, next_one = {}, 0
    for i = 1, #lines do
      requests[i] = wrk.format("GET", nil, fields(lines[i], args[2]))
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
