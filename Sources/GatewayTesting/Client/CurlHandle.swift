import CLibCURL

/// A libcurl easy handle with its open connections. Used by one thread at a time.
final class CurlHandle: @unchecked Sendable {
    private let handle: UnsafeMutableRawPointer
    private var lists: [UnsafeMutablePointer<curl_slist>] = []

    private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init() throws {
        guard Self.isReady, let handle = curl_easy_init() else {
            throw CurlFailure(
                kind: .code(Int(CURLE_FAILED_INIT.rawValue)), description: "libcurl does not start", partial: .init())
        }
        self.handle = handle
    }

    deinit { curl_easy_cleanup(handle) }

    /// Runs a request to its end; blocks.
    func perform(_ request: CurlRequest, _ settings: CurlSettings) throws(CurlFailure) -> CurlResponse {
        curl_easy_reset(handle)
        defer {
            for list in lists { curl_slist_free_all(list) }
            lists = []
        }
        var message = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        let transfer = CurlTransfer(request, handle)
        let result = message.withUnsafeMutableBufferPointer { buffer in
            kit_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, buffer.baseAddress)
            setGeneral(request)
            setConnection(settings, isNew: request.onNewConnection)
            setMessage(request)
            transfer.register()
            return withExtendedLifetime(transfer) { curl_easy_perform(handle) }
        }
        kit_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, nil)
        transfer.finish()
        var response = transfer.response
        response.connectCount = number(CURLINFO_NUM_CONNECTS)
        response.localPort = number(CURLINFO_LOCAL_PORT)
        var sent: curl_off_t = 0
        kit_curl_get_offset(handle, CURLINFO_SIZE_UPLOAD_T, &sent)
        response.sentCount = Int(sent)
        guard result == CURLE_OK else {
            let words = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let name = String(cString: curl_easy_strerror(result))
            throw CurlFailure(
                kind: Self.kind(result), description: words.isEmpty ? name : "\(name): \(words)", partial: response)
        }
        return response
    }

    private func setGeneral(_ request: CurlRequest) {
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_PROXY, "")
        set(CURLOPT_URL, request.url)
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_HTTP09_ALLOWED, 0)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_TIMEOUT_MS, Deadline(in: request.timeout).millisecondsLeft)
        if let speed = request.sendSpeedMax {
            kit_curl_set_offset(handle, CURLOPT_MAX_SEND_SPEED_LARGE, curl_off_t(speed))
        }
        if let speed = request.receiveSpeedMax {
            kit_curl_set_offset(handle, CURLOPT_MAX_RECV_SPEED_LARGE, curl_off_t(speed))
        }
    }

    private func setConnection(_ settings: CurlSettings, isNew: Bool) {
        set(CURLOPT_FRESH_CONNECT, isNew ? 1 : 0)
        set(CURLOPT_SSLVERSION, settings.minimum.curlMinimum | settings.maximum.curlMaximum)
        set(CURLOPT_CAINFO_BLOB, settings.authorities)
        set(CURLOPT_CAPATH, nil)
        if let certificate = settings.certificate {
            set(CURLOPT_SSLCERTTYPE, "PEM")
            set(CURLOPT_SSLCERT_BLOB, certificate.chain)
            set(CURLOPT_SSLKEYTYPE, "PEM")
            set(CURLOPT_SSLKEY_BLOB, certificate.key)
        }
        // The empty host and port stand for any; the URL's name stays what is asked for and what is checked.
        if let port = settings.port { set(CURLOPT_CONNECT_TO, list: ["::127.0.0.1:\(port)"]) }
    }

    private func setMessage(_ request: CurlRequest) {
        var lines = request.fields.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        switch request.body {
        case .none:
            set(request.method == "HEAD" ? CURLOPT_NOBODY : CURLOPT_HTTPGET, 1)
        case .octets(let octets):
            setUpload(octets.count)
        case .pattern(let count, let chunked):
            setUpload(chunked ? nil : count)
        case .chunked(_, let trailers):
            setUpload(nil)
            if !trailers.isEmpty { lines.append("Trailer: \(trailers.map(\.name).joined(separator: ", "))") }
        }
        set(CURLOPT_CUSTOMREQUEST, request.method)
        // Without a wish libcurl would ask for 100 on its own for large bodies.
        lines.append(request.waitsForContinue == nil ? "Expect:" : "Expect: 100-continue")
        if let wait = request.waitsForContinue {
            set(CURLOPT_EXPECT_100_TIMEOUT_MS, Deadline(in: wait).millisecondsLeft)
        }
        set(CURLOPT_HTTPHEADER, list: lines)
    }

    /// nil: the length is not told, so the body goes in chunks.
    private func setUpload(_ count: Int?) {
        set(CURLOPT_UPLOAD, 1)
        kit_curl_set_offset(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(count ?? -1))
    }

    // MARK: Options

    private func set(_ option: CURLoption, _ value: Int) { kit_curl_set_long(handle, option, value) }

    private func set(_ option: CURLoption, _ text: String?) {
        if [CURLOPT_CAINFO_BLOB, CURLOPT_SSLCERT_BLOB, CURLOPT_SSLKEY_BLOB].contains(option) {
            var octets = Array((text ?? "").utf8)
            octets.withUnsafeMutableBytes {
                var blob = curl_blob(data: $0.baseAddress, len: $0.count, flags: UInt32(CURL_BLOB_COPY))
                kit_curl_set_pointer(handle, option, &blob)
            }
        } else {
            kit_curl_set_text(handle, option, text)  // libcurl keeps a copy
        }
    }

    private func set(_ option: CURLoption, list lines: [String]) {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines { list = curl_slist_append(list, line) }
        kit_curl_set_list(handle, option, list)
        if let list { lists.append(list) }
    }

    private func number(_ info: CURLINFO) -> Int {
        var value = 0
        kit_curl_get_long(handle, info, &value)
        return value
    }

    private static func kind(_ code: CURLcode) -> CurlFailure.Kind {
        switch code {
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST: .couldNotConnect
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM: .tls
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR: .serverNotTrusted
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR: .cutShort
        case CURLE_OPERATION_TIMEDOUT: .timeout
        case CURLE_WRITE_ERROR, CURLE_ABORTED_BY_CALLBACK: .aborted
        default: .code(Int(code.rawValue))
        }
    }
}

extension TLSVersionChoice {
    fileprivate var curlMinimum: Int {
        switch self {
        case .tls10: Int(CURL_SSLVERSION_TLSv1_0)
        case .tls11: Int(CURL_SSLVERSION_TLSv1_1)
        case .tls12: Int(CURL_SSLVERSION_TLSv1_2)
        case .tls13: Int(CURL_SSLVERSION_TLSv1_3)
        }
    }
    fileprivate var curlMaximum: Int {
        switch self {
        case .tls10: Int(CURL_SSLVERSION_MAX_TLSv1_0)
        case .tls11: Int(CURL_SSLVERSION_MAX_TLSv1_1)
        case .tls12: Int(CURL_SSLVERSION_MAX_TLSv1_2)
        case .tls13: Int(CURL_SSLVERSION_MAX_TLSv1_3)
        }
    }
}
