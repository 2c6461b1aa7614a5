-- wrk's script: POST token requests, the next body of the file given each time (one line: the same one each time).
-- usage: wrk -s tokens.lua URL -- BODIES-FILE HOST [AUTHORIZATION]
-- The report is one line of JSON for bench/tokens.

function init(args)
  local headers = { Host = args[2], ["Content-Type"] = "application/x-www-form-urlencoded" }
  if args[3] then headers.Authorization = args[3] end
  local requests, next_one = {}, 0
  for line in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, headers, line)
  end
  function request()
    next_one = next_one % #requests + 1
    return requests[next_one]
  end
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'REPORT {"requests": %d, "seconds": %.6f, "p50_us": %d, "p99_us": %d, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.timeout + e.status))
end
