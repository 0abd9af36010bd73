/// A byte-level tokenizer: ids 0 to 255 are bytes, 256 begins a text, 257 ends it, and the rest are common word
/// pieces. Encoding takes the longest piece at each byte; decoding joins the pieces, so decode(encode(text)) == text.
struct Tokenizer: Sendable {
    /// Begins every prompt.
    static let begin = 256
    /// Ends a generation.
    static let end = 257
    /// Bytes and the two specials.
    static let minimumVocabulary = 258

    /// Bytes of each id; empty for specials and for ids that the vocabulary has but no piece uses.
    let pieces: [[UInt8]]
    /// Whether the sampler may choose an id: printable ASCII text, or the end.
    let canBeGenerated: [Bool]
    private let ids: [[UInt8]: Int]
    private let longestPiece: Int

    /// The tokenizer of a vocabulary of that size.
    init(vocabulary: Int) {
        var pieces: [[UInt8]] = (0...255).map { [UInt8($0)] } + [[], []]
        pieces += Self.words.prefix(max(0, vocabulary - pieces.count)).map { Array($0.utf8) }
        pieces += Array(repeating: [], count: max(0, vocabulary - pieces.count))
        self.pieces = pieces
        var ids: [[UInt8]: Int] = [:]
        for (id, piece) in pieces.enumerated() where !piece.isEmpty && ids[piece] == nil { ids[piece] = id }
        self.ids = ids
        longestPiece = pieces.map(\.count).max() ?? 1
        // Word endings and single letters are left to prompts: whole words read like words.
        canBeGenerated = pieces.indices.map { id in
            id == Self.end || (id > Self.end && pieces[id].first == 0x20 && pieces[id].count > 1)
                || [0x2c, 0x2e].contains(id)
        }
    }

    /// The ids of a text, without ``begin``. O(bytes).
    func encode(_ text: String) -> [Int] {
        let bytes = Array(text.utf8)
        var result: [Int] = []
        var at = 0
        while at < bytes.count {
            var length = min(longestPiece, bytes.count - at)
            while length > 1, ids[Array(bytes[at..<(at + length)])] == nil { length -= 1 }
            result.append(ids[Array(bytes[at..<(at + length)])] ?? Int(bytes[at]))
            at += length
        }
        return result
    }

    /// The text of the ids; bytes that are no UTF-8 become U+FFFD, ids outside the vocabulary nothing.
    func decode(_ tokens: some Sequence<Int>) -> String {
        var bytes: [UInt8] = []
        for token in tokens where pieces.indices.contains(token) { bytes += pieces[token] }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// 254 frequent pieces of English and of code, the most useful first.
    private static let words: [String] = """
        _the|_of|_and|_to|_in|_is|_that|_for|_it|_as|_was|_with|_be|_by|_on|_not|_he|_his|_but|_at|_are|_this|_have|_from|\
        _or|_had|_an|_they|_which|_one|_you|_were|_all|_her|_she|_there|_would|_their|_we|_him|_been|_has|_when|_who|_will|\
        _no|_more|_if|_out|_so|_up|_said|_what|_its|_about|_than|_into|_them|_can|_only|_other|_time|_new|_some|_could|\
        _these|_two|_may|_first|_then|_do|_any|_like|_my|_now|_over|_such|_our|_man|_me|_even|_most|_made|_after|_also|\
        _well|_did|_many|_before|_must|_years|_back|_through|_much|_where|_your|_way|_down|_should|_because|_long|_each|\
        _just|_state|_people|_those|_too|_how|_make|_world|_good|_very|_year|_still|_see|_own|_work|_men|_day|_get|_here|\
        _old|_between|_both|_life|_being|_under|_three|_never|_know|_same|_last|_another|_while|_us|_off|_might|_great|\
        _go|_come|_since|_against|_right|_came|_take|_used|_use|_system|_model|_layer|_token|_data|_write|_answer|\
        _question|_help|_short|_text|_code|_give|_list|_word|_part|_small|_light|_water|_hand|_line|_next|_near|_open|\
        _begin|_end|_you_are|_please|_explain|_summarize|_translate|_story|_number|_point|_house|_place|_found|_thought|\
        _went|_say|_until|_always|_every|_without|_again|_once|_few|_night|_head|_left|_toward|_far|_side|_keep|_eyes|\
        ing|tion|ed|er|es|ly|al|en|re|on|an|in|at|or|st|nd|th|he|ou|ar|it|is|le|ve|ll|ss|ment|ness|able|ous|ive|est|\
        .\\n|,_|._|:_|;_|?_|!_|a|i|s
        """.split(separator: "|").map {
            String($0).replacing("_", with: " ").replacing("\\n", with: "\n")
        }
}
