import Octets

extension RequestHead {
    /// What the lines mean together: framing, connection, host, path. `input` are the octets that `bytes` begins with.
    mutating func understand(_ input: Span<UInt8>) throws(HeadError) {
        framing = try DeclaredFraming.read(input, block, isHTTP10: isHTTP10)
        let options = try ConnectionOptions(input, &block)
        keepAlive = !options.close && (!isHTTP10 || options.keepAlive)
        try understandHost(input)
        if path.isEmpty { try understandTarget(input) }
        // RFC 9110 §10.1.1 and §7.8: an HTTP/1.0 client cannot mean either.
        guard !isHTTP10, block.count(.expect) | block.count(.upgrade) > 0 else { return }
        if let expectation = block.first(.expect) {
            guard block.count(.expect) == 1, ConnectionOptions.equal(input, expectation, "100-continue") else {
                throw .badExpectation
            }
            expectsContinue = framing != .none && framing != .length(0)
        }
        if options.upgrade, let protocols = block.first(.upgrade), Self.isWanted(protocols, input),
            block.count(.upgrade) == 1, framing == .none || framing == .length(0)
        {
            upgrade = protocols
        }
    }

    /// An offer to switch is ignored unless somebody wants it (RFC 9110 §7.8). Nobody here wants another version of HTTP
    /// or TLS inside a connection whose requests are judged one by one: whatever came behind would pass unseen.
    private static func isWanted(_ protocols: Slice, _ input: Span<UInt8>) -> Bool {
        guard !protocols.isEmpty else { return false }
        var start = protocols.start
        while start < protocols.end {
            var end = start
            while end < protocols.end, input[end] != UInt8(ascii: ",") { end &+= 1 }
            while start < end, input[start] == 0x20 || input[start] == 0x09 { start &+= 1 }
            let offer = Slice(start: start, end: end)
            if hasPrefix(input, offer, "h2") || hasPrefix(input, offer, "http") || hasPrefix(input, offer, "tls") {
                return false
            }
            start = end &+ 1
        }
        return true
    }

    private mutating func understandHost(_ input: Span<UInt8>) throws(HeadError) {
        guard block.count(.host) <= 1 else { throw .repeatedHost }
        guard let value = block.first(.host) else { throw .missingHost }
        let authority = try Authority(input, value)
        host = normalised(input, authority)
        port = authority.port
    }

    /// In lower case; IPv6 addresses in their canonical text, so that one host has one name whoever looks at it.
    private mutating func normalised(_ input: Span<UInt8>, _ authority: Authority) -> Slice {
        if let address = authority.address {
            let start = block.bytes.count
            block.bytes.append(UInt8(ascii: "["))
            address.append(to: &block.bytes)
            block.bytes.append(UInt8(ascii: "]"))
            let written = Slice(start: start, end: block.bytes.count)
            guard written.count == authority.host.count,
                !(0..<written.count).contains(where: { offset in
                    block.bytes[start &+ offset] != block.bytes[authority.host.start &+ offset]
                })
            else { return written }
            // It came in that form, as nearly always: it stays where it is.
            block.bytes.removeLast(written.count)
            return authority.host
        }
        guard authority.hasCapitals else { return authority.host }
        let start = block.bytes.count
        for index in authority.host.range { block.bytes.append(ASCII.lowercased(input[index])) }
        return Slice(start: start, end: block.bytes.count)
    }

    /// A target whose path is not in its normal form already: `*`, a whole URI, or a path to be normalised.
    private mutating func understandTarget(_ input: Span<UInt8>) throws(HeadError) {
        if input[target.start] == UInt8(ascii: "/") {
            return try normalise(input, Slice(start: target.start, end: target.end))
        }
        if target.count == 1, input[target.start] == UInt8(ascii: "*") {
            guard method == .options else { throw .badTarget }
            path = target
            return
        }
        try understandURI(input)
    }

    /// A whole URI as target (RFC 9112 §3.2.2). Its host must be the one that `Host` names: a server that looks at the
    /// other one must not see another request.
    private mutating func understandURI(_ input: Span<UInt8>) throws(HeadError) {
        let start: Int
        if Self.hasPrefix(input, target, "https://") {
            (targetScheme, start) = (.https, target.start &+ 8)
        } else if Self.hasPrefix(input, target, "http://") {
            (targetScheme, start) = (.http, target.start &+ 7)
        } else {
            throw .badTarget
        }
        var end = start
        while end < target.end, input[end] != UInt8(ascii: "/"), input[end] != UInt8(ascii: "?"),
            input[end] != UInt8(ascii: "#")
        { end &+= 1 }
        let authority = try Authority(input, Slice(start: start, end: end))
        let defaultPort = targetScheme == .https ? 443 : 80
        guard authority.port ?? defaultPort == port ?? defaultPort, sameHost(input, authority) else {
            throw .hostMismatch
        }
        if end == target.end, method == .options {
            // RFC 9112 §3.2.4: what a proxy asks in the name of `OPTIONS *`.
            let place = block.bytes.count
            block.bytes.append(UInt8(ascii: "*"))
            path = Slice(start: place, end: place &+ 1)
            return
        }
        try normalise(input, Slice(start: end, end: target.end))
    }

    private static func hasPrefix(_ input: Span<UInt8>, _ slice: Slice, _ prefix: StaticString) -> Bool {
        let count = prefix.utf8CodeUnitCount
        guard slice.count >= count else { return false }
        return ConnectionOptions.equal(input, Slice(start: slice.start, end: slice.start &+ count), prefix)
    }

    private func sameHost(_ input: Span<UInt8>, _ authority: Authority) -> Bool {
        if let address = authority.address {
            return host.count > 2
                && IPv6Address(block.bytes.span, from: host.start &+ 1, to: host.end &- 1) == address
        }
        let other = authority.host
        guard other.count == host.count else { return false }
        for offset in 0..<other.count
        where ASCII.lowercased(input[other.start &+ offset]) != block.bytes[host.start &+ offset] {
            return false
        }
        return true
    }

    /// Writes path and query in their normal form behind the head's octets.
    private mutating func normalise(_ input: Span<UInt8>, _ raw: Slice) throws(HeadError) {
        var split = raw.start
        while split < raw.end, input[split] != UInt8(ascii: "?") { split &+= 1 }
        let start = block.bytes.count
        pathFeatures = try PathNormaliser.append(
            input, Slice(start: raw.start, end: split), to: &block.bytes)
        path = Slice(start: start, end: block.bytes.count)
        guard split < raw.end else { return }
        let queryStart = block.bytes.count
        for index in (split &+ 1)..<raw.end {
            let octet = input[index]
            if octet == UInt8(ascii: "#") { throw .badTarget }
            if octet < 0x80 {
                block.bytes.append(octet)
            } else {
                pathFeatures.insert(.nonASCII)
                PathNormaliser.appendEscape(octet, to: &block.bytes)
            }
        }
        query = Slice(start: queryStart, end: block.bytes.count)
    }
}

extension ResponseHead {
    /// What the lines mean together. `input` are the octets that `bytes` begins with.
    mutating func understand(_ input: Span<UInt8>) throws(HeadError) {
        do throws(HeadError) {
            let framing = try DeclaredFraming.readAnswer(input, block, isHTTP10: isHTTP10)
            declared = framing == .none ? .untilClose : framing
        } catch {
            // It is one only where a body may be: nobody knows yet what was asked for.
            framingFault = error
        }
        let options = try ConnectionOptions(input, &block)
        keepAlive = !options.close && (!isHTTP10 || options.keepAlive)
    }
}
