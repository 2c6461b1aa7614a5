import CLibCURL
import COpenSSL

/// What libcurl calls back into while a request runs. Lives as long as the transfer, on its thread.
final class CurlTransfer {
    let request: CurlRequest
    var response = CurlResponse()
    private let handle: UnsafeMutableRawPointer
    private var received = RunningHash()
    private var bodyHasBegun = false
    private var finalHeadIsComplete = false
    private var sendOffset = 0

    init(_ request: CurlRequest, _ handle: UnsafeMutableRawPointer) {
        self.request = request
        self.handle = handle
    }

    func finish() { response.bodySHA256 = received.hexadecimal }

    // MARK: Answer

    /// A line of a head, or of the trailers.
    func receiveLine(_ octets: UnsafeBufferPointer<UInt8>) {
        let line = String(decoding: octets, as: UTF8.self)
        let isEmpty = line == "\r\n" || line == "\n"
        if line.hasPrefix("HTTP/"), !finalHeadIsComplete {
            let words = line.split(separator: " ", maxSplits: 2)
            response.status = words.count > 1 ? Int(words[1].prefix { $0.isNumber }) ?? 0 : 0
            response.fields = []
            noteConnection()
        } else if isEmpty {
            if (100..<200).contains(response.status), response.status != 101 {
                response.informational.append(response.status)
            } else {
                finalHeadIsComplete = true
            }
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...]
            let field = HeaderField(String(line[..<colon]), Self.trimmed(value))
            if finalHeadIsComplete { response.trailers.append(field) } else { response.fields.append(field) }
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        let isSpace = { (octet: UInt8) in octet == 0x20 || octet == 0x09 || octet == 0x0D || octet == 0x0A }
        return String(
            decoding: text.utf8.drop(while: isSpace).reversed().drop(while: isSpace).reversed(), as: UTF8.self)
    }

    /// Octets of the body; false: break off.
    func receiveBody(_ octets: UnsafeBufferPointer<UInt8>) -> Bool {
        received.update(octets)
        response.bodyCount += octets.count
        response.body += octets.prefix(max(0, CurlResponse.bodyKeptMax - response.body.count))
        return request.abortsAfterReceiving.map { response.bodyCount < $0 } ?? true
    }

    /// TLS can be asked only while the transfer runs.
    private func noteConnection() {
        guard response.tlsVersion == nil, let ssl = kit_curl_get_ssl(handle).map(OpaquePointer.init) else { return }
        response.tlsVersion = String(cString: SSL_get_version(ssl))
        response.peer = kit_ssl_peer_certificate(ssl).map(PeerCertificate.init(taking:))
    }

    // MARK: Body of the request

    /// Octets to send; nil: break off.
    func bodyToSend(max: Int) -> ArraySlice<UInt8>? {
        var room = max
        if let limit = request.abortsAfterSending {
            guard sendOffset < limit else { return nil }
            room = min(room, limit - sendOffset)
        }
        let part: ArraySlice<UInt8> =
            switch request.body {
            case .none: []
            case .octets(let octets), .chunked(let octets, _): octets.dropFirst(sendOffset).prefix(room)
            case .pattern(let count, _):
                sendOffset < count ? OctetPattern.octets(from: sendOffset, max: min(room, count - sendOffset)) : []
            }
        sendOffset += part.count
        return part
    }

    /// libcurl begins again when a connection that it used again turns out to be dead.
    func rewind(to offset: Int) { sendOffset = offset }

    // MARK: The C side

    /// The functions that libcurl calls; their last argument is the transfer.
    static func from(_ pointer: UnsafeMutableRawPointer?) -> CurlTransfer? {
        pointer.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    static func octets(_ pointer: UnsafeMutablePointer<CChar>?, _ count: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(
            start: pointer.map { UnsafeRawPointer($0).assumingMemoryBound(to: UInt8.self) }, count: count)
    }

    /// Tells the handle where to call back to.
    func register() {
        let this = Unmanaged.passUnretained(self).toOpaque()
        kit_curl_set_data_function(handle, CURLOPT_HEADERFUNCTION) { pointer, size, count, this in
            CurlTransfer.from(this)?.receiveLine(CurlTransfer.octets(pointer, size * count))
            return size * count
        }
        kit_curl_set_pointer(handle, CURLOPT_HEADERDATA, this)
        kit_curl_set_data_function(handle, CURLOPT_WRITEFUNCTION) { pointer, size, count, this in
            CurlTransfer.from(this)?.receiveBody(CurlTransfer.octets(pointer, size * count)) == true ? size * count : 0
        }
        kit_curl_set_pointer(handle, CURLOPT_WRITEDATA, this)
        kit_curl_set_data_function(handle, CURLOPT_READFUNCTION) { pointer, size, count, this in
            guard let part = CurlTransfer.from(this)?.bodyToSend(max: size * count) else {
                return Int(CURL_READFUNC_ABORT)
            }
            part.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(start: pointer, count: size * count).copyMemory(from: $0)
            }
            return part.count
        }
        kit_curl_set_pointer(handle, CURLOPT_READDATA, this)
        kit_curl_set_seek_function(handle) { this, offset, origin in
            guard origin == 0 else { return CURL_SEEKFUNC_CANTSEEK }
            CurlTransfer.from(this)?.rewind(to: Int(offset))
            return CURL_SEEKFUNC_OK
        }
        kit_curl_set_pointer(handle, CURLOPT_SEEKDATA, this)
        if case .chunked(_, let trailers) = request.body, !trailers.isEmpty {
            kit_curl_set_trailer_function(handle) { list, this in
                guard case .chunked(_, let trailers)? = CurlTransfer.from(this)?.request.body else {
                    return CURL_TRAILERFUNC_ABORT
                }
                for trailer in trailers { list?.pointee = curl_slist_append(list?.pointee, trailer.description) }
                return CURL_TRAILERFUNC_OK
            }
            kit_curl_set_pointer(handle, CURLOPT_TRAILERDATA, this)
        }
    }
}
