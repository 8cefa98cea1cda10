import Testing

@testable import PromQL

/// What is no query, where it stops being one, and why.
struct ParserErrorTests {
  @Test(arguments: [
    ("", "1:1: parse error: no expression found in input"),
    ("# nothing", "1:10: parse error: no expression found in input"),
    ("1 +", "1:4: parse error: unexpected end of input"),
    ("(1", "1:3: parse error: unexpected end of input in parenthesized expression, expected \")\""),
    ("1)", "1:2: parse error: unexpected \")\""),
    ("rate(x[5m]", "1:11: parse error: unclosed left parenthesis"),
    ("x y", "1:3: parse error: unexpected identifier \"y\""),
    ("sum by x (y)", "1:8: parse error: unexpected identifier \"x\" in grouping opts, expected \"(\""),
    ("sum by (1) (y)", "1:9: parse error: unexpected number \"1\" in grouping opts, expected label"),
    ("sum by (,) (y)", "1:9: parse error: unexpected \",\" in grouping opts, expected label"),
    ("x{", "1:3: parse error: unexpected end of input inside braces"),
    ("x{a}", "1:4: parse error: unexpected \"}\" in label matching, expected label matching operator"),
    ("x{a=}", "1:5: parse error: unexpected \"}\" in label matching, expected string"),
    ("x{a=1}", "1:5: parse error: unexpected number \"1\" in label matching, expected string"),
    ("x{a='1' b='2'}", "1:9: parse error: unexpected identifier \"b\" in label matching, expected \",\" or \"}\""),
    ("x{,}", "1:3: parse error: unexpected \",\" in label matching, expected identifier or \"}\""),
    ("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
    ("{a=~'.*'}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
    ("x{__name__='y'}", "1:3: parse error: metric name must not be set twice: \"x\" or \"y\""),
    ("x{a=~'('}", "1:3: parse error: error parsing regexp: missing closing ): `(`"),
    ("x[", "1:3: parse error: unclosed left bracket"),
    (
      "x[]",
      "1:3: parse error: unexpected \"]\" in subquery or range selector, expected number, duration, step(), or range()"
    ),
    ("x[5m", "1:5: parse error: unclosed left bracket"),
    ("x[0s]", "1:3: parse error: duration must be greater than 0"),
    ("x[5m1h]", "1:3: parse error: not a valid duration string: \"5m1h\""),
    ("x[300y]", "1:3: parse error: duration out of range: \"300y\""),
    ("x[5x]", "1:3: parse error: bad number or duration syntax: \"5x\""),
    ("x[5m:1m:]", "1:8: parse error: unexpected \":\" in subquery selector, expected \"]\""),
    ("sum(x)[5m]", "1:7: parse error: ranges only allowed for vector selectors"),
    ("x offset 5m [5m]", "1:13: parse error: no offset modifiers allowed before range"),
    ("x @ 5 [5m]", "1:7: parse error: no @ modifiers allowed before range"),
    ("x offset 5m offset 5m", "1:1: parse error: offset may not be set multiple times"),
    ("x @ 1 @ 2", "1:1: parse error: @ <timestamp> may not be set multiple times"),
    ("x @ Inf", "1:1: parse error: timestamp out of bounds for @ modifier: +Inf"),
    ("x @ y", "1:5: parse error: unexpected identifier \"y\" in @, expected timestamp"),
    (
      "sum(x) offset 5m",
      "1:1: parse error: offset modifier must be preceded by an instant vector selector or range "
        + "vector selector or a subquery"
    ),
    ("x[5m][5m:]", "1:1: parse error: subquery is only allowed on instant vector, got range vector instead"),
    ("'s' + x", "1:1: parse error: binary expression must contain only scalar and instant vector types"),
    ("x + y[5m]", "1:5: parse error: binary expression must contain only scalar and instant vector types"),
    ("1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"),
    ("x + bool y", "1:3: parse error: bool modifier can only be used on comparison operators"),
    ("x and 1", "1:1: parse error: set operator \"and\" not allowed in binary scalar expression"),
    ("x + on (a) 1", "1:1: parse error: vector matching only allowed between instant vectors"),
    ("x and on (a) group_left () y", "1:1: parse error: no grouping allowed for \"and\" operation"),
    ("x + on (a) group_left (a) y", "1:3: parse error: label \"a\" must not occur in ON and GROUP clause at once"),
    (
      "-'s'",
      "1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got \"string\""
    ),
    ("foo(x)", "1:1: parse error: unknown function with name \"foo\""),
    ("rate(x)", "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector"),
    ("rate()", "1:1: parse error: expected 1 argument(s) in call to \"rate\", got 0"),
    ("round()", "1:1: parse error: expected at least 1 argument(s) in call to \"round\", got 0"),
    ("round(x, 1, 2)", "1:1: parse error: expected at most 2 argument(s) in call to \"round\", got 3"),
    ("round(x,)", "1:8: parse error: trailing commas not allowed in function call args"),
    ("sum()", "1:1: parse error: no arguments for aggregate expression provided"),
    ("topk(x)", "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1"),
    ("topk('a', x)", "1:6: parse error: expected type scalar in aggregation parameter, got string"),
    ("sum(1)", "1:5: parse error: expected type instant vector in aggregation expression, got scalar"),
    (
      "label_replace(x, 'a', 'b', 'c', '(')",
      "1:33: parse error: invalid regular expression in label_replace(): "
        + "missing closing ): `(`"
    ),
    ("'abc", "1:1: parse error: unterminated quoted string"),
    ("'a\nb'", "1:1: parse error: unterminated quoted string"),
    ("`abc", "1:1: parse error: unterminated raw string"),
    (#""\q""#, #"1:2: parse error: unknown escape sequence "\\q""#),
    (#""\ud800""#, "1:2: parse error: escape sequence is an invalid Unicode code point"),
    (#""\xff""#, "1:1: parse error: string is not valid UTF-8"),
    ("1x", "1:1: parse error: bad number or duration syntax: \"1x\""),
    ("1__0", "1:1: parse error: error parsing number: \"1__0\""),
    ("1e400", "1:1: parse error: error parsing number: \"1e400\""),
    ("x =~ y", "1:3: parse error: unexpected character after \"=\": \"~\""),
    ("x ; y", "1:3: parse error: unexpected character: \";\""),
    ("é", "1:1: parse error: unexpected character: \"é\""),
  ])
  func `says what is wrong and where`(query: String, message: String) {
    let error = #expect(throws: ParseError.self) { try Expression(query) }
    #expect(error?.description == message)
  }

  @Test func `counts lines, and columns in characters`() throws {
    let error = try #require(throws: ParseError.self) { try Expression("sum(\n  x{é=\"1\"}\n)") }
    #expect((error.line, error.column, error.offset) == (2, 5, 9))
    let second = try #require(throws: ParseError.self) { try Expression("# é\n\"é\" + )") }
    #expect((second.line, second.column) == (2, 7))
  }
}
