#include <cmath>
#include <locale>
#include <string>
#include <vector>

#include <idm/data/csv.hpp>

#include "files.hpp"

namespace {

struct Parsed {
    std::vector<std::string> columns;
    idm::Matrix<double> values;
};

Parsed parse(std::string_view text, const idm::CsvConfig& config = {}) {
    const TemporaryFolder folder;
    idm::Log log = idm::read_csv(folder.write("log.csv", text), config);
    return {log.columns, log.trajectories.at(0).values};
}

std::string data_error(std::string_view text, const idm::CsvConfig& config = {}) {
    return message_of<idm::DataError>([&] { parse(text, config); });
}

const idm::Matrix<double> expected = (idm::Matrix<double>(2, 3) << 0, 1.5, -2e-3, 0.1, 2.5, 3).finished();

}  // namespace

TEST_CASE("every separator, with and without a header, gives the same table") {
    const std::vector<std::string> names = {"t", "q1", "tau 1"};
    for (const char* text : {"t,q1,tau 1\n0,1.5,-2e-3\n0.1,2.5,3\n",        // comma
                             "t;q1;tau 1\n0;1.5;-2e-3\n0.1;2.5;3",          // semicolon, no newline at the end
                             "t;q1;tau 1\n0;1,5;-2e-3\n0,1;2,5;3\n",        // decimal comma
                             "t\tq1\ttau 1\n0\t1,5\t-2e-3\n0,1\t2,5\t3\n",  // tab, decimal comma
                             "\xEF\xBB\xBFt,q1,tau 1\r\n0,1.5,-2e-3\r\n0.1,2.5,3\r\n",
                             "# made by hand\n\nt, q1, tau 1\n  # more\n0, 1.5, -2e-3\n \n0.1, +2.5, 3\n",
                             "\"t\",\"q1\",\"tau 1\"\n\"0\",1.5,-2E-3\n0.1,2.5,3.0\n",
                             "t,q1,tau 1,\n0,1.5,-2e-3,\n0.1,2.5,3,\n",  // a separator at the end of the line
                             "t q1 \"tau 1\"\n  0   1.5 -2e-3\n0.1\t2.5  3 \n"}) {
        INFO(text);
        const Parsed parsed = parse(text);
        CHECK(parsed.columns == names);
        CHECK(parsed.values == expected);
    }
    for (const char* text : {"0,1.5,-2e-3\n0.1,2.5,3\n", "0 1.5 -2e-3\n0.1 2.5 3\n", "0;1,5;-2e-3\r\n0,1;2,5;3\r\n"}) {
        INFO(text);
        const Parsed parsed = parse(text);
        CHECK(parsed.columns == std::vector<std::string>{"0", "1", "2"});
        CHECK(parsed.values == expected);
    }
}

TEST_CASE("header, separator and names can be stated") {
    CHECK(parse("1,2\n3,4\n", {.header = idm::CsvHeader::present}).columns == std::vector<std::string>{"1", "2"});
    CHECK(parse("1,2\n3,4\n", {.header = idm::CsvHeader::present}).values.rows() == 1);
    CHECK(parse("1,2\n3,4\n", {.columns = {"a", "b"}}).columns == std::vector<std::string>{"a", "b"});
    CHECK(parse("1,2\n3,4\n", {.columns = {"a", "b"}}).values.rows() == 2);
    CHECK(parse("x,y\n3,4\n", {.columns = {"a", "b"}}).values.rows() == 1);
    CHECK(parse("1,5 2,5\n", {.delimiter = ' '}).values == (idm::Matrix<double>(1, 2) << 1.5, 2.5).finished());
    CHECK_THAT(data_error("a,b\n1,2\n", {.header = idm::CsvHeader::absent}), ContainsSubstring("got 'a'"));
    CHECK_THAT(data_error("1,2\n", {.columns = {"a"}}), ContainsSubstring("has 2 columns, but 1 names"));
}

TEST_CASE("a quoted field may hold the separator, an empty first field stays a field") {
    const Parsed parsed = parse("\"q, left\",\"q, right\"\n1,2\n");
    CHECK(parsed.columns == std::vector<std::string>{"q, left", "q, right"});
    for (const char* text : {"a,b\n,2\n", "a\tb\n\t2\n"}) {
        const idm::Matrix<double> values = parse(text).values;
        CHECK(std::isnan(values(0, 0)));
        CHECK(values(0, 1) == 2);
    }
}

TEST_CASE("numbers are read exactly and whatever the locale") {
    struct DecimalComma : std::numpunct<char> {
        char do_decimal_point() const override { return ','; }
    };
    const std::locale before = std::locale::global(std::locale(std::locale(), new DecimalComma));
    const double value = parse("x\n0.1\n").values(0, 0);
    std::locale::global(before);
    CHECK(value == 0.1);
    const idm::Matrix<double> odd = parse("x\n5e-324\n1.7976931348623157e308\nnan\n-Inf\n").values;
    CHECK(odd(0, 0) == 5e-324);
    CHECK(odd(1, 0) == 1.7976931348623157e308);
    CHECK(std::isnan(odd(2, 0)));
    CHECK(odd(3, 0) == -HUGE_VAL);
}

TEST_CASE("bad text files say what is wrong and where") {
    CHECK_THAT(data_error("a,b\n1,2\n# note\n3\n"),
               ContainsSubstring("line 4") && ContainsSubstring("expected 2 fields") && ContainsSubstring("got 1"));
    CHECK_THAT(data_error("a,b\n1,2,3\n"), ContainsSubstring("line 2") && ContainsSubstring("got 3"));
    CHECK_THAT(data_error("a,b\n1,2\n3,fast\n"),
               ContainsSubstring("line 3, column 'b'") && ContainsSubstring("got 'fast'"));
    CHECK_THAT(data_error("a,b\n1,2x\n"), ContainsSubstring("got '2x'"));
    CHECK_THAT(data_error("a;b\n1;1.234,5\n"), ContainsSubstring("got '1.234.5'") || ContainsSubstring("'1.234,5'"));
    CHECK_THAT(data_error("a,b\n1,1e999\n"), ContainsSubstring("got '1e999'"));
    CHECK_THAT(data_error("a,a\n1,2\n"), ContainsSubstring("'a' twice"));
    CHECK_THAT(data_error(""), ContainsSubstring("log.csv") && ContainsSubstring("an empty file"));
    CHECK_THAT(data_error("# nothing\n\n"), ContainsSubstring("an empty file"));
    CHECK_THAT(data_error("a,b\n"), ContainsSubstring("a header only"));
}

TEST_CASE("a first line of mostly numbers with text among them is not taken for a header") {
    const std::string error = data_error("0x000000,1,2\n0x000001,3,4\n");
    CHECK_THAT(error, ContainsSubstring("line 1") && ContainsSubstring("'0x000000'"));
    CHECK_THAT(error, ContainsSubstring("CsvHeader::present") && ContainsSubstring("CsvHeader::absent"));
    CHECK(parse("0x0,1,2\n5,3,4\n", {.header = idm::CsvHeader::present}).values.rows() == 1);
    CHECK_THAT(data_error("0x0,1,2\n", {.header = idm::CsvHeader::absent}), ContainsSubstring("got '0x0'"));
    // Half of the fields, and fields without a name, may be a header.
    CHECK(parse("t,q,1,2\n0,1,2,3\n").columns == std::vector<std::string>{"t", "q", "1", "2"});
    CHECK(parse(",1,t\n0,1,2\n").columns == std::vector<std::string>{"", "1", "t"});
}

TEST_CASE("a file that was cut off inside its last number is refused where its digits show it") {
    std::string text = "a,b\n";
    for (int i = 0; i < 20; ++i) text += "1.5," + std::to_string(10 + i) + ".250\n";
    CHECK(parse(text).values.rows() == 20);
    for (const char* whole : {"1.5,7.125", "1.5,7.1250", "1.5,-7.125\n", "1.5,7.1\n"}) {
        INFO(whole);
        CHECK(parse(text + whole).values.rows() == 21);
    }
    for (const char* cut : {"1.5,7.12", "1.5,7.", "1.5,7", "1.5,"}) {
        INFO(cut);
        CHECK_THAT(data_error(text + cut), ContainsSubstring("line 22") && ContainsSubstring("expected 3") &&
                                               ContainsSubstring("cut off") && ContainsSubstring("newline"));
    }
    CHECK(parse(text + "1.5,7.5\n1.5,7.1").values.rows() == 22);  // digits vary: nobody can tell
    CHECK(parse("a\n0.25\n0.75\n0.5").values.rows() == 3);        // too few rows to know a format by
}

TEST_CASE("text in a column that is not asked for reads as NaN") {
    const char* text = "t,mode,q\n0,auto,1\n1,off,2\n";
    CHECK_THAT(data_error(text), ContainsSubstring("line 2, column 'mode'") && ContainsSubstring("got 'auto'"));
    const idm::Matrix<double> values = parse(text, {.numbers = {"q", "0"}}).values;
    CHECK(std::isnan(values(0, 1)));
    CHECK(values.col(2) == (idm::Vector<double>(2) << 1, 2).finished());
    CHECK_THAT(data_error(text, {.numbers = {"mode"}}), ContainsSubstring("got 'auto'"));
    CHECK_THAT(data_error(text, {.numbers = {"qq"}}), ContainsSubstring("is 'q'"));
}

TEST_CASE("files that can't be read as text") {
    const TemporaryFolder folder;
    CHECK_THAT(message_of<idm::FileError>([&] { (void)idm::read_csv(folder.path() / "no.csv"); }),
               ContainsSubstring("no.csv") && ContainsSubstring("found nothing"));
    CHECK_THAT(message_of<idm::FileError>([&] { (void)idm::read_csv(folder.path()); }),
               ContainsSubstring("found something else"));
    const auto utf16 = folder.write("utf16.csv", std::string_view("\xFF\xFE"
                                                                  "1\0,\0",
                                                                  6));
    CHECK_THAT(message_of<idm::FileError>([&] { (void)idm::read_csv(utf16); }), ContainsSubstring("UTF-16"));
    // As a power failure leaves a file: blocks that were never written.
    const auto zeros = folder.write("zeros.csv", "q,tau\n1,2\n" + std::string(20, '\0'));
    CHECK_THAT(message_of<idm::FileError>([&] { (void)idm::read_csv(zeros); }),
               ContainsSubstring("zeros.csv', found a zero byte at byte 10;"));
}
