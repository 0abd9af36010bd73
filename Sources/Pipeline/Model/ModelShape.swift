/// The sizes of the decoder. The defaults cost about 17 million multiply-adds a token, so that two
/// cores generate well over 20 tokens a second and one layer takes a fraction of a millisecond.
public struct ModelShape: Codable, Sendable, Equatable {
    /// Transformer layers, over all devices.
    public var layers = 24
    /// Width of the residual stream.
    public var hidden = 256
    /// Query heads.
    public var heads = 8
    /// Key and value heads; a divisor of ``heads`` (grouped-query attention).
    public var keyValueHeads = 4
    /// Width inside the SwiGLU feed-forward network.
    public var intermediate = 688
    /// Entries of the vocabulary: 256 bytes, two specials, then word pieces.
    public var vocabulary = 512
    /// Longest prompt and answer together, in tokens.
    public var context = 768

    /// The default sizes.
    public init() {}

    /// The sizes given.
    public init(
        layers: Int, hidden: Int, heads: Int, keyValueHeads: Int, intermediate: Int, vocabulary: Int, context: Int
    ) {
        self.layers = layers
        self.hidden = hidden
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.intermediate = intermediate
        self.vocabulary = vocabulary
        self.context = context
    }

    /// Width of one head.
    var headWidth: Int { hidden / heads }
    /// Width of the keys (and of the values) of one position.
    var keyValueWidth: Int { headWidth * keyValueHeads }
    /// Bytes of keys and values that one token takes over all layers.
    var keyValueBytesPerToken: Int { 2 * layers * keyValueWidth * MemoryLayout<Float>.stride }
    /// The name that the API and the traces give the model.
    public var name: String { "spanreel-llama-\(layers)x\(hidden)" }

    /// Throws unless the arithmetic can run with these sizes.
    func validate() throws(PipelineError) {
        func require(_ condition: Bool, _ message: String) throws(PipelineError) {
            guard condition else { throw PipelineError(.invalid, message) }
        }
        try require((1...256).contains(layers), "The model must have 1 to 256 layers, not \(layers).")
        try require((1...64).contains(heads), "The model must have 1 to 64 heads, not \(heads).")
        try require(
            (1...heads).contains(keyValueHeads) && heads % keyValueHeads == 0,
            "\(keyValueHeads) key-value heads do not divide \(heads) heads.")
        // Kernels walk four floats at a time, and RoPE turns pairs inside each head.
        try require(
            (8...8192).contains(hidden) && hidden % heads == 0 && headWidth % 4 == 0,
            "Hidden size \(hidden) must be a multiple of 4 times \(heads) heads, at most 8192.")
        try require(
            (4...32768).contains(intermediate) && intermediate % 4 == 0,
            "Intermediate size \(intermediate) must be a multiple of 4, at most 32768.")
        try require(
            (Tokenizer.minimumVocabulary...65536).contains(vocabulary),
            "The vocabulary must have \(Tokenizer.minimumVocabulary) to 65536 entries, not \(vocabulary).")
        try require((16...65536).contains(context), "The context must be 16 to 65536 tokens, not \(context).")
    }
}
