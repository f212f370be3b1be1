package command

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unroll-go/unroll/losses/distribution"
)

// writeSales writes a table like that of docs/forecasting.md: the sales of shops by day, and promotions, which are known two weeks
// ahead.
func writeSales(t *testing.T, path string, shops, days int) {
	t.Helper()
	var b strings.Builder
	b.WriteString("date,shop,kind,promotion,units\n")
	for shop := range shops {
		rng := rand.New(rand.NewPCG(3, uint64(shop)))
		for day := range days + 14 {
			at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, day)
			promotion := rng.IntN(6) / 5
			mean := float64(30+20*(shop%3)) * (1 + 0.4*math.Sin(2*math.Pi*float64(at.Weekday())/7)) * (1 + 0.5*float64(promotion))
			d, err := distribution.NegativeBinomial.New(mean, 0.03)
			if err != nil {
				t.Fatal(err)
			}
			units := fmt.Sprint(d.Sample(rng))
			if day >= days {
				units = ""
			}
			fmt.Fprintf(&b, "%s,s%02d,%s,%d,%s\n", at.Format(time.DateOnly), shop, []string{"kiosk", "market"}[shop%2], promotion, units)
		}
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The session of docs/forecasting.md, from an empty folder with a table in it.
func TestForecastingTranscript(t *testing.T) {
	all := sessions(t, "forecasting.md")
	if len(all) < 8 {
		t.Fatalf("only %d commands were found", len(all))
	}
	t.Chdir(t.TempDir())
	writeSales(t, "sales.csv", 20, 150)
	play(t, all)
	for _, picture := range []string{"fan.svg"} {
		if info, err := os.Stat(picture); err != nil || info.Size() < 2000 {
			t.Errorf("%s: %v, %v", picture, info, err)
		}
	}
	checkForecasts(t, "next.csv", 20, 14)
}

// checkForecasts reads a table of forecasts: quantiles in order, and days that follow each other.
func checkForecasts(t *testing.T, path string, series, horizon int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 1+series*horizon || strings.Join(rows[0], " ") != "id time mean q0.1 q0.5 q0.9" {
		t.Fatalf("%d rows, %v, error %v", len(rows), rows[0], err)
	}
	for i, row := range rows[1:] {
		var low, middle, high float64
		if _, err := fmt.Sscan(row[3], &low); err != nil {
			t.Fatal(err)
		}
		fmt.Sscan(row[4], &middle)
		fmt.Sscan(row[5], &high)
		if !(low <= middle && middle <= high) || i%horizon == 0 && row[1] != "2024-05-30" {
			t.Errorf("row %d: %v", i, row)
		}
	}
}

// What a new user does wrong first, and what the command says to it.
func TestMistakesWithSeries(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	days := func(n int, value func(day int) string) string {
		var b strings.Builder
		b.WriteString("date,y\n")
		for day := range n {
			fmt.Fprintf(&b, "%s,%s\n", time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, day).Format(time.DateOnly), value(day))
		}
		return b.String()
	}
	count := func(day int) string { return fmt.Sprint(10 + day%7) }
	write("good.csv", days(100, count))
	write("short.csv", days(10, count))
	write("constant.csv", days(100, func(int) string { return "5" }))
	write("negative.csv", days(100, func(day int) string { return fmt.Sprint(day%7 - 3) }))
	write("fractions.csv", days(100, func(day int) string { return fmt.Sprint(float64(day%7) + 0.5) }))
	write("words.csv", days(100, func(day int) string { return []string{"many", "3"}[day%2] }))
	decimal := strings.ReplaceAll(strings.ReplaceAll(days(100, func(int) string { return "266#4" }), ",", ";"), "#", ",")
	write("decimal.csv", strings.Replace(decimal, "y", "turnover", 1))
	write("thousands.csv", strings.Replace(strings.ReplaceAll(decimal, "266,4", "1,266"), "y", "turnover", 1))
	write("mixed.csv", "date;turnover\n2024-01-01;266,4\n2024-01-02;3\n2024-01-03;266.5\n")
	write("twice.csv", days(100, count)+"2024-01-05,9\n")
	write("semicolon.csv", strings.ReplaceAll(days(100, count), ",", ";"))
	write("crlf.csv", "\xef\xbb\xbf"+strings.ReplaceAll(days(100, count), "\n", "\r\n"))
	write("wide.csv", "date,a,b\n2024-01-01,1,2\n2024-01-02,2,1\n")
	write("ids.csv", "date,id,a,b\n2024-01-01,x,1,2\n2024-01-02,x,2,1\n")
	write("unsure.csv", "date,y\n01/02/2024,1\n02/03/2024,2\n03/04/2024,2\n")
	write("uneven.csv", "date,y\n2024-01-01,1\n2024-01-02,2\n2024-01-02 05:00,3\n")
	write("empty.csv", "")
	write("header.csv", "date,y\n")
	write("binary.csv", "date,y\n\x00\x01\x02")
	write("notes.txt", "to do\n")
	write("model.safetensors", "no model")
	must(t, "train", "--series", "good.csv", "--horizon", "5", "--epochs", "1", "--hidden", "4", "--out", "good.safetensors")
	must(t, "train", "--series", "crlf.csv", "--horizon", "5", "--epochs", "1", "--hidden", "4", "--out", "crlf.safetensors")
	must(t, "train", "--series", "semicolon.csv", "--horizon", "5", "--epochs", "1", "--hidden", "4", "--out", "semicolon.safetensors")
	for _, c := range []struct {
		args   string
		status int
		want   string
	}{
		{"train --series missing.csv", 1, "missing.csv: no such file"},
		{"train --series empty.csv", 1, "empty.csv is empty"},
		{"train --series header.csv", 1, "header.csv has no"},
		{"train --series binary.csv", 1, "binary.csv"},
		{"train --series notes.txt", 2, "want a table, a file that ends in .csv, .tsv or .jsonl"},
		{"train --series good.csv --target sales", 1, `has no column "sales"; it has ["date" "y"] (--time, --id, --target`},
		{"train --series good.csv --delimiter semicolon", 1, "is another character between? (--delimiter)"},
		{"train --series ids.csv", 1, `say which is to be forecast (--target NAME)`},
		{"train --series twice.csv", 1, "lines 6 and 102 have the same time, 2024-01-05; is there a column that tells several series apart? (--id NAME)"},
		{"train --series decimal.csv --decimal point", 1, `in "turnover" stand some like "266,4"; if that is a decimal comma, --decimal comma says so; nothing may stand between thousands`},
		{"train --series decimal.csv --decimal point --target turnover", 1, `line 2: column "turnover": "266,4" is not a number; if its comma is a decimal one`},
		{"train --series decimal.csv --decimal dot", 2, `--decimal "dot"; want point, comma or auto`},
		{"train --series thousands.csv", 1, `in "turnover" stand some like "1,266"`},
		{"train --series mixed.csv", 1, `line 4: column "turnover" mixes decimals: "266,4" in line 2 has a comma, "266.5" in line 4 a point; want one of them`},
		{"train --series words.csv --target y", 1, `line 2: column "y": "many" is not a number (a mark for missing values: --missing`},
		{"train --series unsure.csv", 1, "(--time-format, such as %d/%m/%Y)"},
		{"train --series uneven.csv", 1, "is no time as"},
		{"train --series wide.csv", 1, "the longest series has 2 values; want"},
		{"train --series short.csv --horizon 7", 1, "the longest series has 10 values; want"},
		{"train --series good.csv --context 101", 2, "--context 101; want at most 100"},
		{"train --series good.csv --horizon 60", 1, "the longest series has 100 values; want"},
		{"train --series constant.csv --horizon 5", 1, "every series is constant"},
		{"train --series negative.csv --horizon 5 --output negative-binomial", 1, "negative-binomial has the counts 0, 1, 2"},
		{"train --series fractions.csv --horizon 5 --output poisson", 1, "value 0 is 0.5; poisson has the counts"},
		{"train --series good.csv --output normal", 2, `--output "normal"; want point, quantile, gaussian`},
		{"train --series good.csv --horizon -3", 2, "--horizon -3; want"},
		{"train --series good.csv --quantiles 0.9,0.1", 2, "--quantiles [0.9 0.1]; want levels"},
		{"train --series good.csv --quantiles half", 2, `"half" is no number`},
		{"train --series good.csv --lags 1,7", 2, "--lags [1 7]; want none: with the output quantile"},
		{"train --series good.csv --frequency fortnight", 1, `frequency "fortnight"; want step, second`},
		{"train --series good.csv --past y --target y", 1, "cannot be both"},
		{"train --series good.csv --pool mean", 2, `--pool`},
		{"train --series good.csv --horizon 5 --out good.safetensors", 1, "good.safetensors exists"},
		{"train --resume good.safetensors --horizon 9", 2, "--horizon 9: --resume takes it from good.safetensors, which has 5"},
		{"eval --model good.safetensors --origins 40", 1, "40 origins"},
		{"eval --model good.safetensors --origins -1", 2, "--origins -1"},
		{"eval --model good.safetensors --series twice.csv", 1, "lines 6 and 102"},
		{"forecast --model good.safetensors --paths 5", 2, "--paths wants a model of a distribution; this one was trained with --output quantile"},
		{"forecast --model good.safetensors --horizon 9", 2, "--horizon 9; with --output quantile the model forecasts 5 steps"},
		{"forecast --model good.safetensors --quantiles 2", 2, "--quantiles 2; want numbers between 0 and 1"},
		{"forecast --model model.safetensors", 1, "model.safetensors"},
		{"forecast --model good.safetensors wide.csv", 1, `has no column "y"; it has ["date" "a" "b"] (the table is read as that of the training, good.csv: time in date; target y)`},
		{"plot --model good.safetensors --fan=z --out z.svg", 2, "--fan=z: no series is called so; there are y"},
	} {
		status, _, errs := capture(t, t.Context(), strings.Fields(c.args)...)
		said := strings.Join(strings.Fields(errs), " ") // lines are broken where they are long
		if status != c.status || !strings.Contains(said, c.want) {
			t.Errorf("unroll %s: status %d; want %d and %s\n%s", c.args, status, c.status, c.want, errs)
		}
	}
}

// A forecaster is resumed to the bit, begins from another, goes to other programs, and gives the same as JSON.
func TestForecasterByCommand(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	writeSales(t, at("sales.csv"), 6, 90)
	writeSales(t, at("others.csv"), 4, 90)
	train := func(out string, more ...string) []string {
		return append([]string{"train", "--series", at("sales.csv"), "--id", "shop", "--known", "promotion", "--class", "kind", "--horizon", "7",
			"--context", "14", "--output", "negative-binomial", "--hidden", "6", "--embed", "2", "--paths", "20", "--out", at(out)}, more...)
	}
	must(t, train("whole", "--epochs", "3")...)
	must(t, train("part", "--epochs", "2")...)
	must(t, "train", "--resume", at("part"), "--epochs", "3")
	if _, inspected, _ := capture(t, t.Context(), "inspect", at("part")); !strings.Contains(inspected, "3 passes") {
		t.Error(inspected)
	}
	must(t, "train", "--from", at("whole"), "--series", at("others.csv"), "--id", "shop", "--known", "promotion", "--class", "kind",
		"--epochs", "1", "--out", at("others"))
	_, said := must(t, "train", "--series", at("sales.csv"), "--id", "shop", "--past", "promotion", "--output", "poisson", "--hidden", "2",
		"--epochs", "1", "--out", at("warned"))
	if !strings.Contains(said, "--past promotion: read by the linear forecast beside the model alone") {
		t.Error(said)
	}
	must(t, "export", "--model", at("whole"), "--out", at("w.safetensors"))
	must(t, "import", at("w.safetensors"), "--model", at("whole"), "--out", at("back"))
	must(t, "export", "--model", at("whole"), "--out", at("w.onnx"))
	if status, _, errs := capture(t, t.Context(), "export", "--model", at("whole"), "--out", at("w.keras")); status != 1 ||
		!strings.Contains(errs, "Keras has no layers like a forecaster's") {
		t.Errorf("%d, %s", status, errs)
	}
	_, first, _ := capture(t, t.Context(), "forecast", "--model", at("whole"), "--json", "--paths", "2")
	_, second, _ := capture(t, t.Context(), "forecast", "--model", at("back"), at("sales.csv"), "--json", "--paths", "2")
	if first != second || strings.Count(first, "\n") != 6 {
		t.Errorf("%s\nand\n%s", first, second)
	}
	var one struct {
		ID    string
		Times []string
		Paths [][]float64
	}
	line, _, _ := strings.Cut(first, "\n")
	if err := json.Unmarshal([]byte(line), &one); err != nil || one.ID != "s00" || len(one.Times) != 7 || one.Times[0] != "2024-03-31" || len(one.Paths) != 2 {
		t.Errorf("%+v, error %v", one, err)
	}
	_, predicted, _ := capture(t, t.Context(), "predict", "--model", at("whole"), at("sales.csv"))
	if strings.Count(predicted, "\n") != 6 || !strings.HasPrefix(predicted, `{"id":"s00"`) {
		t.Error(predicted)
	}
	_, inspected, _ := capture(t, t.Context(), "inspect", at("whole"))
	for _, want := range []string{"forecaster", "forecasts 7: negative-binomial", "known ahead promotion", "season      7 steps"} {
		if !strings.Contains(inspected, want) {
			t.Errorf("no %q in\n%s", want, inspected)
		}
	}
}

// A table with dates and numbers is one of series, and one with dates and texts is not.
func TestTablesThatLookLikeSeries(t *testing.T) {
	for lines, want := range map[string]likelihood{
		"date,shop,units\n2024-01-01,a,3\n2024-01-02,a,4\n":                       certain,
		"time;load\n2024-01-01 10:00;3.5\n2024-01-01 11:00;4.5\n":                 certain,
		"date,review,stars\n2024-01-01,a fine film,5\n2024-01-02,a dull film,1\n": possible,
		"text,label\nfine,good\ndull,bad\n":                                       possible,
	} {
		s := &sample{path: "x.csv", ending: ".csv", lines: strings.Split(strings.TrimSuffix(lines, "\n"), "\n")}
		if got, why := new(seriesTask).judge(s); got != want {
			t.Errorf("%q: %d, as %s; want %d", lines, got, why, want)
		}
	}
}
