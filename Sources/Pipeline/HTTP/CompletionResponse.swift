/// What `POST /v1/completions` answers, whole or as one chunk of a stream (OpenAI's field names).
struct CompletionResponse: Encodable {
    struct Choice: Encodable {
        var index = 0
        var text: String
        var finish_reason: String?
    }
    struct Usage: Encodable {
        struct Details: Encodable { var cached_tokens: Int }

        var prompt_tokens: Int
        var completion_tokens: Int
        var total_tokens: Int
        var prompt_tokens_details: Details

        init(prompt: Int, cached: Int, output: Int) {
            prompt_tokens = prompt
            completion_tokens = output
            total_tokens = prompt + output
            prompt_tokens_details = Details(cached_tokens: cached)
        }
    }

    var id: String
    var object = "text_completion"
    var created: Int
    var model: String
    var choices: [Choice]
    var usage: Usage?

    /// One choice with that text.
    init(id: String, created: Int, model: String, text: String, finishReason: FinishReason? = nil, usage: Usage? = nil)
    {
        self.id = id
        self.created = created
        self.model = model
        choices = [Choice(text: text, finish_reason: finishReason?.rawValue)]
        self.usage = usage
    }

    /// The answer of `GET /v1/models`.
    struct ModelList: Encodable {
        struct Model: Encodable {
            var id: String
            var object = "model"
            var created: Int
            var owned_by = "spanreel"
        }
        var object = "list"
        var data: [Model]
    }
}
