#include "pillion_re2.h"

#include <re2/re2.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

struct pillion_re2 {
    RE2 expression;

    pillion_re2(const re2::StringPiece &pattern, const RE2::Options &options)
        : expression(pattern, options) {}
};

namespace {

re2::StringPiece piece(const uint8_t *bytes, size_t count) {
    return re2::StringPiece(reinterpret_cast<const char *>(bytes), count);
}

template <size_t capacity>
void copy(const std::string &text, char (&target)[capacity]) {
    const size_t count = std::min(text.size(), capacity - 1);
    std::memcpy(target, text.data(), count);
    target[count] = 0;
}

}  // namespace

extern "C" pillion_re2 *pillion_re2_create(const uint8_t *pattern, size_t count, bool bytewise,
                                           int64_t memory_max,
                                           pillion_re2_failure *failure) noexcept {
    RE2::Options options(RE2::Quiet);
    options.set_encoding(bytewise ? RE2::Options::EncodingLatin1 : RE2::Options::EncodingUTF8);
    options.set_max_mem(memory_max);
    auto *made = new pillion_re2(piece(pattern, count), options);
    if (made->expression.ok()) {
        return made;
    }
    copy(made->expression.error(), failure->message);
    copy(made->expression.error_arg(), failure->fragment);
    delete made;
    return nullptr;
}

extern "C" void pillion_re2_destroy(pillion_re2 *expression) noexcept { delete expression; }

extern "C" int pillion_re2_program_size(const pillion_re2 *expression) noexcept {
    return expression->expression.ProgramSize();
}

extern "C" bool pillion_re2_matches_whole(const pillion_re2 *expression, const uint8_t *input,
                                          size_t count) noexcept {
    return expression->expression.Match(piece(input, count), 0, count, RE2::ANCHOR_BOTH, nullptr,
                                        0);
}

extern "C" bool pillion_re2_accepts_substitution(const pillion_re2 *expression,
                                                 const uint8_t *substitution, size_t count,
                                                 pillion_re2_failure *failure) noexcept {
    std::string error;
    if (expression->expression.CheckRewriteString(piece(substitution, count), &error)) {
        return true;
    }
    copy(error, failure->message);
    failure->fragment[0] = 0;
    return false;
}

extern "C" pillion_re2_bytes pillion_re2_replace_all(const pillion_re2 *expression,
                                                     const uint8_t *input, size_t count,
                                                     const uint8_t *substitution,
                                                     size_t substitution_count) noexcept {
    std::string text(reinterpret_cast<const char *>(input), count);
    RE2::GlobalReplace(&text, expression->expression, piece(substitution, substitution_count));
    auto *bytes = static_cast<uint8_t *>(std::malloc(std::max<size_t>(text.size(), 1)));
    if (bytes == nullptr) {
        std::abort();
    }
    std::memcpy(bytes, text.data(), text.size());
    return {bytes, text.size()};
}

extern "C" int pillion_re2_group_count(const pillion_re2 *expression) noexcept {
    return expression->expression.NumberOfCapturingGroups();
}

extern "C" size_t pillion_re2_group_name(const pillion_re2 *expression, int group, uint8_t *name,
                                         size_t name_max) noexcept {
    const auto &names = expression->expression.CapturingGroupNames();
    const auto found = names.find(group);
    if (found == names.end() || found->second.size() > name_max) {
        return 0;
    }
    std::memcpy(name, found->second.data(), found->second.size());
    return found->second.size();
}

extern "C" bool pillion_re2_match(const pillion_re2 *expression, const uint8_t *input, size_t count,
                                  size_t start, int64_t *spans, size_t span_max) noexcept {
    re2::StringPiece groups[PILLION_RE2_SPANS_MAX];
    const size_t wanted = std::min<size_t>(
        {span_max, PILLION_RE2_SPANS_MAX,
         static_cast<size_t>(expression->expression.NumberOfCapturingGroups()) + 1});
    // An empty input may have no address; groups that took part are told by theirs.
    static const uint8_t nothing = 0;
    const re2::StringPiece text = piece(input == nullptr ? &nothing : input, count);
    if (start > count || !expression->expression.Match(text, start, count, RE2::UNANCHORED, groups,
                                                       static_cast<int>(wanted))) {
        return false;
    }
    for (size_t index = 0; index < span_max; index++) {
        const bool took_part = index < wanted && groups[index].data() != nullptr;
        spans[2 * index] = took_part ? groups[index].data() - text.data() : -1;
        spans[2 * index + 1] =
            took_part ? spans[2 * index] + static_cast<int64_t>(groups[index].size()) : -1;
    }
    return true;
}

extern "C" void pillion_re2_free(pillion_re2_bytes bytes) noexcept { std::free(bytes.bytes); }
