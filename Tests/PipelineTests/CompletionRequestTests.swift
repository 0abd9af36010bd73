import Testing

@testable import SpanreelPipeline

@Suite struct CompletionRequestTests {
    private func parse(_ body: String) throws(RequestRejection) -> CompletionRequest {
        try CompletionRequest.parse(
            Array(body.utf8), shape: ModelShape(), tokenizer: Tokenizer(vocabulary: 512), seed: 1)
    }

    @Test(arguments: [
        ("", "malformed_json"), ("{", "malformed_json"), ("[]", "malformed_json"), ("3", "malformed_json"),
        ("{}", "missing_prompt"), (#"{"prompt":""}"#, "empty_prompt"), (#"{"prompt":[]}"#, "empty_prompt"),
        (#"{"prompt":7}"#, "invalid_request"), (#"{"prompt":["a","b"]}"#, "invalid_request"),
        (#"{"prompt":[1,512]}"#, "invalid_request"), (#"{"prompt":[-1]}"#, "invalid_request"),
        (#"{"prompt":"a","max_tokens":0}"#, "invalid_request"),
        (#"{"prompt":"a","max_tokens":"5"}"#, "invalid_request"),
        (#"{"prompt":"a","max_tokens":9223372036854775807}"#, "context_length_exceeded"),
        (#"{"prompt":"a","max_tokens":767}"#, "context_length_exceeded"),
        (#"{"prompt":"a","temperature":-1}"#, "invalid_request"),
        (#"{"prompt":"a","temperature":2.1}"#, "invalid_request"),
        (#"{"prompt":"a","n":2}"#, "invalid_request"), (#"{"prompt":"a","top_k":0}"#, "invalid_request"),
        (#"{"prompt":"a","stop":["1","2","3","4","5"]}"#, "invalid_request"),
        (#"{"prompt":"a","stream":"yes"}"#, "invalid_request"), (#"{"prompt":"a","model":"gpt"}"#, "model_not_found"),
    ])
    func whatIsWrongComesAsACode(body: String, code: String) {
        do throws(RequestRejection) {
            _ = try parse(body)
            Issue.record("accepted \(body)")
        } catch {
            #expect(error.code == code)
            #expect(error.status == (code == "model_not_found" ? 404 : 400))
            #expect(!error.message.isEmpty)
        }
    }

    @Test func fieldsAreRead() throws {
        let request = try parse(
            #"{"prompt":["hello"],"max_tokens":5,"temperature":0,"top_k":7,"seed":9,"stop":"x","stream":true,"stream_options":{"include_usage":true},"user":"u"}"#
        )
        #expect(request.prompt == [Tokenizer.begin] + Tokenizer(vocabulary: 512).encode("hello"))
        #expect(request.maximumTokens == 5 && request.stops == ["x"] && request.stream && request.includesUsage)
        #expect(request.sampling == SamplingOptions(temperature: 0, topK: 7, seed: 9))
    }

    @Test func theSeedOfAPromptIsItsOwn() throws {
        #expect(try parse(#"{"prompt":"a"}"#).sampling.seed == parse(#"{"prompt":"a"}"#).sampling.seed)
        #expect(try parse(#"{"prompt":"a"}"#).sampling.seed != parse(#"{"prompt":"b"}"#).sampling.seed)
    }

    @Test func theLongestRequestFits() throws {
        #expect(try parse(#"{"prompt":"a","max_tokens":766}"#).maximumTokens == 766)
    }
}
