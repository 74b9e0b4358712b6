#pragma once

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>
#include <idm/data/table.hpp>
#include <idm/data/trajectory.hpp>

IDM_NAMESPACE_BEGIN

enum class CsvHeader { detect, present, absent };

/// How a text file is read. The defaults find out by themselves.
struct CsvConfig {
    /// ';', tab, ',' or ' ' (any run of spaces and tabs); 0: the first of them that the first line contains.
    char delimiter = 0;
    /// detect: a first line with anything but numbers is a header; one of mostly numbers is an error.
    CsvHeader header = CsvHeader::detect;
    /// Names that replace the header; empty: the header's, or "0", "1", ... without one.
    std::vector<std::string> columns = {};
    /// Columns, by name or number, that must hold numbers; empty: all. Text in another column reads as NaN.
    std::vector<std::string> numbers = {};
};

namespace detail {

IDM_INLINE Table read_csv_table(const std::filesystem::path& path, const CsvConfig& config);

}  // namespace detail

/// Reads one text file of numbers as one trajectory without time, whatever the locale: `read_log` adds the rest.
///
/// Lines that start with # and blank lines are skipped; CRLF and a UTF-8 byte order mark are understood; empty fields
/// are NaN; a comma is a decimal sign where it does not separate.
/// *Errors*: `FileError` when the file can't be read or is no text; `DataError` with line and column for a wrong number
/// of fields or for text in place of a number, for a file without rows and for one that was cut off inside its last
/// number, as far as that shows: no newline at the end, and fewer digits than in every other row. One that ends between
/// two rows, or whose numbers have digits as they come, reads as if it were whole.
inline Log read_csv(const std::filesystem::path& path, const CsvConfig& config = {}) {
    return detail::to_log(detail::read_csv_table(path, config));
}

#if !IDM_HAS_COMPILED

namespace detail {

inline std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// The separator of a line: where ';' or tab separates, a comma may be a decimal sign, so they are looked for first.
inline char find_delimiter(std::string_view line) {
    for (char candidate : {';', '\t', ','})
        if (line.find(candidate) != std::string_view::npos) return candidate;
    return ' ';
}

/// Fields of a line, trimmed, their quotes removed; a quoted field may hold the delimiter.
inline void split_fields(std::string_view line, char delimiter, std::vector<std::string_view>& fields) {
    fields.clear();
    if (delimiter == ' ') line = trim(line);
    for (;;) {
        std::size_t end = 0;
        if (line.starts_with('"')) end = std::min(line.find('"', 1), line.size());
        end = std::min(delimiter == ' ' ? line.find_first_of(" \t", end) : line.find(delimiter, end), line.size());
        std::string_view field = trim(line.substr(0, end));
        if (field.size() >= 2 && field.front() == '"' && field.back() == '"') field = field.substr(1, field.size() - 2);
        fields.push_back(field);
        if (end == line.size()) return;
        line.remove_prefix(end + 1);
        const std::size_t next = line.find_first_not_of(delimiter == ' ' ? " \t" : " ");
        line.remove_prefix(std::min(next, line.size()));
    }
}

/// A number in the C locale's notation, with a decimal comma where the comma does not separate; an empty field is NaN.
inline bool parse_number(std::string_view field, char delimiter, double& value) {
    value = std::numeric_limits<double>::quiet_NaN();
    if (field.empty()) return true;
    if (field[0] == '+') field.remove_prefix(1);
    std::string with_point;
    if (delimiter != ',' && field.find(',') != std::string_view::npos) {
        with_point = field;
        std::replace(with_point.begin(), with_point.end(), ',', '.');
        field = with_point;
    }
    const auto [stop, code] = std::from_chars(field.data(), field.data() + field.size(), value);
    return code == std::errc() && stop == field.data() + field.size();
}

/// Reads one text file line by line into a table.
class CsvParser {
public:
    CsvParser(const std::filesystem::path& path, const CsvConfig& config) : config_(config) { table_.source = path; }

    Table parse(std::string_view text) {
        require<FileError>(!text.starts_with("\xFF\xFE") && !text.starts_with("\xFE\xFF"), "'", table_.source.string(),
                           "' is UTF-16 text; save it as UTF-8");
        if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
        const std::size_t zero = text.find('\0');
        require<FileError>(zero == std::string_view::npos, "expected text in '", table_.source.string(),
                           "', found a zero byte at byte ", zero,
                           "; it is another kind of file, or was cut off by a power failure: delete what is no text");
        const bool ended = text.ends_with('\n');
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            ++line_number_;
            const std::string_view line = trim(text.substr(0, end));
            if (!line.empty() && line[0] != '#') add(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        require<DataError>(!table_.lines.empty(), "expected rows of numbers in '", table_.source.string(), "', found ",
                           columns_ > 0 ? "a header only" : "an empty file");
        if (!ended) check_last_number();
        table_.values = ConstMatrixView<double>(values_.data(), static_cast<Index>(table_.lines.size()), columns_);
        return std::move(table_);
    }

private:
    void add(std::string_view line) {
        const bool first = columns_ == 0;
        if (first) delimiter_ = config_.delimiter ? config_.delimiter : find_delimiter(line);
        split_fields(line, delimiter_, fields_);
        // Some programs end every line with a separator.
        const std::size_t wanted = first ? fields_.size() - 1 : static_cast<std::size_t>(columns_);
        if (fields_.size() == wanted + 1 && fields_.size() > 1 && fields_.back().empty()) fields_.pop_back();
        if (first && take_header()) return;
        require<DataError>(static_cast<Index>(fields_.size()) == columns_, place(), ": expected ", columns_,
                           " fields, as in the first line, got ", fields_.size(), " (separator ", separator_name(),
                           ")");
        for (std::size_t i = 0; i < fields_.size(); ++i) {
            double value;
            const bool number = parse_number(fields_[i], delimiter_, value);
            require<DataError>(number || !must_be_number_[i], place(), ", column '", table_.columns[i],
                               "': expected a number that a double can hold, got '", fields_[i], "'");
            values_.push_back(number ? value : std::numeric_limits<double>::quiet_NaN());
        }
        const Index rows = std::ssize(table_.lines);
        if (rows == 1) usual_digits_ = last_digits_;
        if (rows > 1 && last_digits_ != usual_digits_) fixed_digits_ = false;
        last_digits_ = digits_behind_point(fields_.back());
        table_.lines.push_back(line_number_);
    }

    static Index digits_behind_point(std::string_view field) {
        const std::size_t point = field.find_first_of(".,");
        return point == std::string_view::npos ? 0 : static_cast<Index>(field.size() - point - 1);
    }

    /// A recording that was cut off inside its last number: 16 rows or more are written with the same number of digits
    /// behind the point and the last one, without a newline, with fewer. Where they vary nobody can tell.
    void check_last_number() const {
        require<DataError>(
            std::ssize(table_.lines) <= 16 || !fixed_digits_ || last_digits_ >= usual_digits_, place(),
            ": the file ends without a newline and its last number '", fields_.back(), "' has ", last_digits_,
            " digits behind the point, expected ", usual_digits_,
            " as in every other row: it was cut off there; delete that line, or end it with a newline if "
            "it is whole");
    }

    /// Settles the columns from the first line; true if it is a header.
    bool take_header() {
        columns_ = static_cast<Index>(fields_.size());
        const bool header =
            config_.header == CsvHeader::present || (config_.header == CsvHeader::detect && looks_like_header());
        std::vector<std::string> names = config_.columns;
        if (names.empty() && header) names.assign(fields_.begin(), fields_.end());
        table_.columns = column_names(names, columns_, table_.source);
        std::vector<std::string> sorted = table_.columns;
        std::sort(sorted.begin(), sorted.end());
        const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
        require<DataError>(twice == sorted.end(), place(), ": expected different column names, got '",
                           twice == sorted.end() ? "" : *twice, "' twice");
        must_be_number_.assign(table_.columns.size(), config_.numbers.empty());
        const std::string column = message("column of '", table_.source.string(), "'");
        for (const std::string& name : config_.numbers)
            must_be_number_[static_cast<std::size_t>(find_name(table_.columns, name, column))] = true;
        return header;
    }

    /// *Errors*: `DataError` for text among mostly numbers: as a header, it would swallow a row.
    bool looks_like_header() const {
        const auto is_text = [&](std::string_view field) {
            double ignored;
            return !parse_number(field, delimiter_, ignored);
        };
        const auto text = std::find_if(fields_.begin(), fields_.end(), is_text);
        if (text == fields_.end()) return false;
        const auto numbers = std::count_if(fields_.begin(), fields_.end(),
                                           [&](std::string_view field) { return !field.empty() && !is_text(field); });
        require<DataError>(2 * numbers <= columns_, place(), ": expected a header or a row of numbers, got ", numbers,
                           " numbers among ", columns_, " fields and '", *text,
                           "'; mend the field, or say what the line is: CsvHeader::present or CsvHeader::absent");
        return true;
    }

    std::string place() const { return message("'", table_.source.string(), "' line ", line_number_); }

    std::string separator_name() const {
        return delimiter_ == '\t' ? "tab" : delimiter_ == ' ' ? "space" : message("'", delimiter_, "'");
    }

    CsvConfig config_;
    Table table_;
    char delimiter_ = 0;
    Index columns_ = 0;
    Index line_number_ = 0;
    Index last_digits_ = 0,
          usual_digits_ = 0;  // behind the point, in the last field of the latest row and of all before
    bool fixed_digits_ = true;
    std::vector<bool> must_be_number_;
    std::vector<std::string_view> fields_;
    std::vector<double> values_;
};

IDM_INLINE Table read_csv_table(const std::filesystem::path& path, const CsvConfig& config) {
    const std::string text = read_bytes(path);
    return CsvParser(path, config).parse(text);
}

}  // namespace detail

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
