/// Templates as alerting rules have them, with a value and what Prometheus makes of the two.
enum TemplateTable {
  /// The labels of the series every template is about.
  static let labels = ["tenant": "acme", "instance": "web-1.example.com:9090", "quote": "a\"b<c>"]
  /// What `query` can find besides: `q{n="…"}`.
  static let others = ["2": 20.0, "1": 10.0, "3": 0.5]
  static let externalURL = "https://ops.example.com/x"
  static let externalLabels = ["region": "eu"]

  static let rows: [(template: String, value: Double, text: String)] = [
    // Texts and values.
    ("plain text, {single} braces", 1, "plain text, {single} braces"),
    ("{{ $labels.tenant }}/{{ .Labels.tenant }}", 1, "acme/acme"), ("[{{ $labels.none }}]", 1, "[]"),
    ("{{ $labels.quote }}", 1, "a\"b<c>"),
    ("{{ $labels }}", 1, "map[__name__:v instance:web-1.example.com:9090 quote:a\"b<c> row:%ROW% tenant:acme]"),
    ("{{ $value }} {{ .Value }}", 1.5, "1.5 1.5"), ("{{ $value }}", 1_000_000, "1e+06"),
    ("{{ $value }}", 123_456, "123456"), ("{{ $value }}", 0.00001, "1e-05"), ("{{ $value }}", .infinity, "+Inf"),
    ("{{ $value }}", .nan, "NaN"), ("{{ $value }}", -0.1, "-0.1"),
    ("{{ $externalURL }} {{ .ExternalURL }}", 1, "https://ops.example.com/x https://ops.example.com/x"),
    ("{{ $externalLabels.region }}", 1, "eu"),
    ("{{ \"quo\\\"ted\" }} {{ `raw\\n` }} {{ 1 }} {{ 1.50 }} {{ true }}", 1, "quo\"ted raw\\n 1 1.5 true"),
    ("é {{ $labels.tenant }} 漢字 🙂", 1, "é acme 漢字 🙂"),
    // humanize and its kin.
    ("{{ humanize $value }}", 0, "0"), ("{{ $value | humanize }}", 1_234_567, "1.235M"),
    ("{{ $value | humanize }}", 999, "999"), ("{{ $value | humanize }}", -1500, "-1.5k"),
    ("{{ $value | humanize }}", 0.0012, "1.2m"), ("{{ $value | humanize }}", 1e30, "1e+06Y"),
    ("{{ $value | humanize }}", 1e-30, "1e-06y"), ("{{ $value | humanize }}", .nan, "NaN"),
    ("{{ $value | humanize }}", -.infinity, "-Inf"), ("{{ $value | humanize }}", 999_999, "1000k"),
    ("{{ \"0.12\" | humanize }}", 1, "120m"), ("{{ humanize 1234567 }}", 1, "1.235M"),
    ("{{ $value | humanize1024 }}", 1024, "1ki"), ("{{ $value | humanize1024 }}", 1_572_864, "1.5Mi"),
    ("{{ $value | humanize1024 }}", 0.12, "0.12"), ("{{ $value | humanize1024 }}", -2_147_483_648, "-2Gi"),
    ("{{ $value | humanizeDuration }}", 0, "0s"), ("{{ $value | humanizeDuration }}", 61, "1m 1s"),
    ("{{ $value | humanizeDuration }}", 3661, "1h 1m 1s"), ("{{ $value | humanizeDuration }}", 90_061, "1d 1h 1m 1s"),
    ("{{ $value | humanizeDuration }}", 899.99, "14m 59s"), ("{{ $value | humanizeDuration }}", 59.9, "59.9s"),
    ("{{ $value | humanizeDuration }}", 0.0015, "1.5ms"), ("{{ $value | humanizeDuration }}", 0.12345, "123.5ms"),
    ("{{ $value | humanizeDuration }}", -183_845, "-2d 3h 4m 5s"),
    ("{{ $value | humanizeDuration }}", 1.2345, "1.234s"),
    ("{{ $value | humanizeDuration }}", .nan, "NaN"), ("{{ $value | humanizeDuration }}", .infinity, "+Inf"),
    ("{{ $value | humanizePercentage }}", 0.123456, "12.35%"), ("{{ $value | humanizePercentage }}", 1, "100%"),
    ("{{ $value | humanizePercentage }}", 0.00000123, "0.000123%"), ("{{ $value | humanizePercentage }}", .nan, "NaN%"),
    ("{{ $value | humanizeTimestamp }}", 1_435_065_584.128, "2015-06-23 13:19:44.128 +0000 UTC"),
    ("{{ $value | humanizeTimestamp }}", 0, "1970-01-01 00:00:00 +0000 UTC"),
    ("{{ $value | humanizeTimestamp }}", 1.001, "1970-01-01 00:00:01 +0000 UTC"),
    ("{{ $value | humanizeTimestamp }}", 1_795_348_800.009, "2026-11-22 12:00:00.008 +0000 UTC"),
    ("{{ $value | humanizeTimestamp }}", -1.5, "1969-12-31 23:59:58.5 +0000 UTC"),
    ("{{ $value | humanizeTimestamp }}", -1.0005, "1969-12-31 23:59:59 +0000 UTC"),
    ("{{ $value | humanizeTimestamp }}", .nan, "NaN"),
    // printf and its verbs.
    ("{{ printf \"%.2f\" $value }}", 3.14159, "3.14"), ("{{ $value | printf \"%.1f%%\" }}", 99.95, "100.0%"),
    ("{{ printf \"%.0f\" $value }}", 2.5, "2"), ("{{ printf \"%d\" $value }}", 3, "%!d(float64=3)"),
    ("{{ printf \"%v %s %q\" $value $labels.tenant $labels.tenant }}", 1e7, "1e+07 acme \"acme\""),
    ("{{ printf \"%s\" $value }}", 1.5, "%!s(float64=1.5)"),
    ("{{ printf \"%5.1f|%-8s|%08.3f|%+d\" $value \"ab\" $value 7 }}", 3.14159, "  3.1|ab      |0003.142|+7"),
    ("{{ printf \"%e %g %G\" $value $value $value }}", 123_456_789, "1.234568e+08 1.23456789e+08 1.23456789E+08"),
    ("{{ printf \"%.3g %.10g\" $value $value }}", 1234.5678, "1.23e+03 1234.5678"),
    ("{{ printf \"%x %X %c %t %d\" 255 \"hi\" 65 true 42 }}", 1, "ff 6869 A true 42"),
    ("{{ printf \"%s %s\" \"one\" }}", 1, "one %!s(MISSING)"),
    ("{{ printf \"%s\" \"one\" \"two\" }}", 1, "one%!(EXTRA string=two)"),
    ("{{ printf \"100%\" }}", 1, "100%!(NOVERB)"), ("{{ printf \"%z\" 1 }}", 1, "%!z(int=1)"),
    ("{{ printf \"%.2f\" $value }}", .infinity, "+Inf"), ("{{ printf \"%6.2f|\" $value }}", .nan, "   NaN|"),
    ("{{ printf \"%t\" 1 }}", 1, "%!t(int=1)"), ("{{ printf \"%v\" $labels.none }}.", 1, "."),
    ("{{ printf \"%.3s|%5s\" \"abcdef\" \"é\" }}", 1, "abc|    é"),
    ("{{ print 1 2 \"a\" \"b\" 3 }}", 1, "1 2ab3"), ("{{ println \"a\" 1 }}", 1, "a 1\n"),
    // Texts.
    ("{{ $labels.tenant | title }} {{ \"snake_case words\" | title }}", 1, "Acme Snake_case Words"),
    ("{{ \"aBc\" | toUpper }}{{ \"aBc\" | toLower }}", 1, "ABCabc"),
    ("{{ match \"a.*e\" $labels.tenant }} {{ match \"^b\" $labels.tenant }}", 1, "true false"),
    (
      "{{ $labels.instance | stripPort }} {{ \"[::1]:80\" | stripPort }} {{ \"::1\" | stripPort }}", 1,
      "web-1.example.com ::1 ::1"
    ),
    ("{{ $labels.instance | stripDomain }} {{ \"10.0.0.1:80\" | stripDomain }}", 1, "web-1:9090 10.0.0.1:80"),
    ("{{ parseDuration \"1h30m\" }} {{ \"5m\" | parseDuration | humanizeDuration }}", 1, "5400 5m 0s"),
    // Comparisons and branches.
    ("{{ if gt $value 1.0 }}high{{ else }}low{{ end }}", 2, "high"),
    ("{{ if gt $value 1.0 }}high{{ else }}low{{ end }}", 1, "low"),
    ("{{ if eq $labels.tenant \"acme\" \"x\" }}a{{ else if ne $value 1.0 }}b{{ end }}", 1, "a"),
    ("{{ if eq $labels.tenant \"x\" }}a{{ else if le $value 1.0 }}b{{ else }}c{{ end }}", 1, "b"),
    (
      "{{ if and $labels.tenant (lt $value 5.0) }}both{{ end }}{{ if or $labels.none false }}x{{ else }}none{{ end }}",
      1, "bothnone"
    ),
    (
      "{{ not true }} {{ ge 2 2 }} {{ len \"é\" }} {{ len $labels }} {{ index $labels \"tenant\" }}", 1,
      "false true 2 5 acme"
    ),
    ("{{ if $labels.none }}a{{ else }}b{{ end }}{{ with $labels.tenant }}{{ . }}{{ else }}none{{ end }}", 1, "bacme"),
    ("{{ lt $value $value }}{{ eq $value $value }}", .nan, "falsefalse"),
    // Variables, space and comments.
    (
      "{{ $x := \"a\" }}{{ $x }}{{ $x = \"b\" }}{{ $x }}{{ if true }}{{ $x := \"c\" }}{{ $x }}{{ end }}{{ $x }}", 1,
      "abcb"
    ),
    ("a  {{- \" b \" -}}  c", 1, "a b c"), ("a {{/* no {{ here */}} b {{- /* x */ -}} c", 1, "a  bc"),
    ("{{ $x := $value | humanize }}{{ $x }}", 1500, "1.5k"), ("{{ $.Labels.tenant }}", 1, "acme"),
    // Queries.
    ("{{ query \"q{n='1'}\" | first | value }}", 1, "10"),
    ("{{ with query \"q{n='2'} * 1000\" }}{{ . | first | value | humanize }}{{ end }}", 1, "20k"),
    ("{{ range query \"q\" | sortByLabel \"n\" }}{{ .Labels.n }}={{ .Value }};{{ end }}", 1, "1=10;2=20;3=0.5;"),
    ("{{ range $i, $s := query \"q\" | sortByLabel \"n\" }}{{ $i }}{{ $s | label \"n\" }}{{ end }}", 1, "011223"),
    ("{{ range query \"none\" }}x{{ else }}nothing{{ end }}", 1, "nothing"),
    ("{{ with query \"none\" }}x{{ else }}nothing{{ end }}", 1, "nothing"),
    ("{{ query \"1.5 * 2\" | first | value }} {{ len (query \"q\") }}", 1, "3 3"),
    (
      "{{ $q := query \"q{n='3'}\" | first }}{{ $q.Value }}/{{ $q.Labels.n }}/{{ (query \"q{n='1'}\" | first).Value }}",
      1, "0.5/3/10"
    ),
    ("{{ query (printf \"q{n='%s'}\" \"2\") | first | value }}", 1, "20"),
    (
      "{{ range $k, $v := $labels }}{{ $k }}:{{ $v }} {{ end }}", 1,
      "__name__:v instance:web-1.example.com:9090 quote:a\"b<c> row:%ROW% tenant:acme "
    ),
  ]

  /// What cannot be computed: an error in place of the text.
  static let failing = [
    "{{ if gt $value 1 }}x{{ end }}", "{{ query \"sum(\" | first | value }}", "{{ query \"none\" | first | value }}",
    "{{ \"one\" | humanize }}", "{{ $value.foo }}", "{{ .Foo }}", "{{ index (query \"q\") 9 }}", "{{ first $value }}",
    "{{ $labels.tenant | humanizeDuration }}", "{{ parseDuration \"one hour\" }}", "{{ match \"(\" \"a\" }}",
    "{{ lt $labels.tenant 1 }}", "{{ eq true 1 }}", "{{ len 5 }}", "{{ 1e12 | humanizeTimestamp }}",
    "{{ printf 5 }}", "{{ range $value }}x{{ end }}", "{{ $labels | toUpper }}", "{{ query $value }}",
    "{{ humanize }}", "{{ title \"a\" \"b\" }}",
  ]

  /// What no template is: refused when the file is read.
  static let broken = [
    "{{", "{{ }}", "{{ $labels.x", "{{ nofunc }}", "{{ $unknown }}", "{{ if }}x{{ end }}", "{{ if true }}x",
    "{{ end }}",
    "{{ else }}", "{{ range }}x{{ end }}", "{{ \"open }}", "{{ `open }}", "{{ | humanize }}",
    "{{ (humanize 1 }}", "{{ humanize 1) }}", "{{ $labels tenant }}", "{{/* open }}",
    "{{ \"a\" | 5 }}", "{{ if true }}a{{ else }}b{{ else }}c{{ end }}", "{{ with $x := }}{{ end }}", "{{ 5x }}",
    "{{ ! }}", "{{ \"\\q\" }}", "{{ end 1 }}",
  ]

  /// What Go refuses only when it runs, or takes for something else: better refused when the file is read.
  static let refusedEarly = ["{{ $value | }}", "{{ $x = 1 }}", "{{ 1 2 }}"]
}
