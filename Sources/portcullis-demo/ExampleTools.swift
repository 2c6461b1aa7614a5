import JSON

/// A server of the Model Context Protocol, as small as one can be: one tool, no sessions, JSON in and out (MCP 2025-06-18,
/// "Streamable HTTP"). Who calls it learns from the gateway.
enum ExampleTools {
    static let protocolVersion = "2025-06-18"
    static let tool = "whoami"

    /// nil: a notification, which has no answer.
    /// - Parameter caller: `sub` of the token, as the gateway says.
    static func answer(_ body: [UInt8], caller: String) -> JSON? {
        guard let call = (try? JSON.parse(body))?.object, let method = call["method"]?.string else {
            return ["jsonrpc": "2.0", "id": .null, "error": ["code": -32_700, "message": "no JSON-RPC request"]]
        }
        guard let id = call["id"] else { return nil }
        guard let result = result(of: method, call["params"]?.object ?? [:], caller) else {
            return ["jsonrpc": "2.0", "id": id, "error": ["code": -32_601, "message": "no such method"]]
        }
        return ["jsonrpc": "2.0", "id": id, "result": result]
    }

    private static func result(of method: String, _ parameters: JSONObject, _ caller: String) -> JSON? {
        switch method {
        case "initialize":
            [
                "protocolVersion": .string(protocolVersion), "capabilities": ["tools": [:]],
                "serverInfo": ["name": "notes", "version": "1"],
            ]
        case "tools/list":
            [
                "tools": [
                    [
                        "name": .string(tool), "description": "Who is calling, as the gateway says.",
                        "inputSchema": ["type": "object"],
                    ]
                ]
            ]
        case "tools/call" where parameters["name"]?.string == tool:
            ["content": [["type": "text", "text": .string(caller)]]]
        default: nil
        }
    }
}
