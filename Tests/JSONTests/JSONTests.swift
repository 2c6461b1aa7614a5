import JSON
import Testing

@Test("an object is parsed with its members in order")
func order() throws {
    let json = try JSON.parse(Array(#"{"b":1,"a":[true,null,-2.5e3,"x\u00e9\ud83d\ude00"]}"#.utf8))
    #expect(json == ["b": 1, "a": [true, nil, -2500.0, "xé😀"]])
    #expect(json.object?.names == ["b", "a"])
}
