// As much of JSON as testdata/frames/cases.json has: the tests bring no library along.
#ifndef NEARCALL_TESTS_JSON_HPP
#define NEARCALL_TESTS_JSON_HPP

#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

struct Json {
    enum class Kind { nothing, number, text, list, object } kind = Kind::nothing;
    std::uint64_t number = 0;
    std::string text;
    std::vector<Json> list;
    std::map<std::string, Json> object;

    bool has(const std::string &key) const { return object.find(key) != object.end(); }
    // Ends the program where there is none: a test that does not find its data has failed.
    const Json &operator[](const std::string &key) const {
        const auto found = object.find(key);
        if (found == object.end()) std::abort();
        return found->second;
    }
    // Numbers of 64 bits are texts of hexadecimal digits.
    std::uint64_t hex() const { return std::strtoull(text.c_str(), nullptr, 16); }
    std::string bytes() const {
        std::string bytes;
        for (std::size_t at = 0; at + 1 < text.size(); at += 2)
            bytes.push_back(static_cast<char>(std::strtoul(text.substr(at, 2).c_str(), nullptr, 16)));
        return bytes;
    }
};

class JsonReader {
public:
    static Json read(std::string_view text) {
        JsonReader reader(text);
        return reader.value();
    }

private:
    explicit JsonReader(std::string_view text) : rest_(text) {}

    char peek() {
        const auto at = rest_.find_first_not_of(" \n\r\t");
        if (at == std::string_view::npos) std::abort();
        rest_.remove_prefix(at);
        return rest_.front();
    }

    bool take(char wanted) {
        if (peek() != wanted) return false;
        rest_.remove_prefix(1);
        return true;
    }

    void must(char wanted) {
        if (!take(wanted)) std::abort();
    }

    Json value() {
        Json json;
        switch (peek()) {
        case '{':
            json.kind = Json::Kind::object;
            must('{');
            while (!take('}')) {
                auto key = text();
                must(':');
                json.object.emplace(std::move(key), value());
                if (peek() != '}') must(',');
            }
            return json;
        case '[':
            json.kind = Json::Kind::list;
            must('[');
            while (!take(']')) {
                json.list.push_back(value());
                if (peek() != ']') must(',');
            }
            return json;
        case '"':
            json.kind = Json::Kind::text;
            json.text = text();
            return json;
        default:
            if (rest_.starts_with("null")) {
                rest_.remove_prefix(4);
                return json;
            }
            json.kind = Json::Kind::number;
            if (rest_.front() < '0' || rest_.front() > '9') std::abort();
            while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
                json.number = json.number * 10 + static_cast<std::uint64_t>(rest_.front() - '0');
                rest_.remove_prefix(1);
            }
            return json;
        }
    }

    std::string text() {
        must('"');
        const auto end = rest_.find('"');
        if (end == std::string_view::npos || rest_.substr(0, end).find('\\') != std::string_view::npos) std::abort();
        std::string text(rest_.substr(0, end));
        rest_.remove_prefix(end + 1);
        return text;
    }

    std::string_view rest_;
};

#endif
