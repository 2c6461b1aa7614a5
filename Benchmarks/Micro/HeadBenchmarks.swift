import HTTP

/// The head parser, on what clients really send.
struct HeadBenchmarks {
    let token: String

    func run(_ stopwatch: Stopwatch) -> [Measurement] {
        [
            request(
                "parse request head, 4 fields, bearer token", Self.small(path: "/orders/1k", token: token), stopwatch),
            request("parse request head, 15 fields as from a browser, bearer token", browser, stopwatch),
            request(
                "parse request head, path to be normalised", Self.small(path: "/orders/%7euser/./a", token: token),
                stopwatch),
            response(stopwatch),
        ]
    }

    static func small(path: String, token: String) -> [UInt8] {
        Array(
            """
            GET \(path) HTTP/1.1\r
            Host: api.example.com\r
            User-Agent: wrk/4.1\r
            Accept: */*\r
            Authorization: Bearer \(token)\r
            \r

            """.utf8)
    }

    private var browser: [UInt8] {
        Array(
            """
            GET /orders/7/lines?page=2 HTTP/1.1\r
            Host: api.example.com\r
            Connection: keep-alive\r
            sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"\r
            sec-ch-ua-mobile: ?0\r
            sec-ch-ua-platform: "Linux"\r
            User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0\r
            Accept: application/json, text/plain, */*\r
            Accept-Encoding: gzip, deflate, br, zstd\r
            Accept-Language: en-GB,en;q=0.9,de;q=0.8\r
            Origin: https://shop.example.com\r
            Referer: https://shop.example.com/\r
            Sec-Fetch-Mode: cors\r
            Cookie: session=5e884898da28047151d0e56f8dc6292773603d0d6aabbdd6\r
            traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r
            Authorization: Bearer \(token)\r
            \r

            """.utf8)
    }

    private func request(_ name: String, _ octets: [UInt8], _ stopwatch: Stopwatch) -> Measurement {
        var parser = HeadParser(limits: HeadLimits())
        var head = RequestHead()
        guard (try? parser.parseRequest(octets.span, into: &head)) == octets.count else { stop("\(name): refused") }
        return stopwatch.measure(name) { count in
            for _ in 0..<count { consume(try? parser.parseRequest(octets.span, into: &head)) }
        }
    }

    private func response(_ stopwatch: Stopwatch) -> Measurement {
        let octets = Array(
            """
            HTTP/1.1 200 OK\r
            Server: nginx/1.22.1\r
            Date: Mon, 23 Nov 2026 20:00:00 GMT\r
            Content-Type: application/json\r
            Content-Length: 1024\r
            Connection: keep-alive\r
            \r

            """.utf8)
        var parser = HeadParser(limits: HeadLimits())
        var head = ResponseHead()
        guard (try? parser.parseResponse(octets.span, into: &head)) == octets.count else {
            stop("response head: refused")
        }
        return stopwatch.measure("parse response head, 5 fields") { count in
            for _ in 0..<count { consume(try? parser.parseResponse(octets.span, into: &head)) }
        }
    }
}
