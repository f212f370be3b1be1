package command

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sensorRows are rows of a table like that of docs/anomalies.md: three sensors by the hour, of different scales. Where odd is above
// 0, each has a spike after so many hours.
func sensorRows(seed uint64, from, hours, odd int) (rows []string, truth []bool) {
	rng := rand.New(rand.NewPCG(seed, 3))
	for hour := from; hour < from+hours; hour++ {
		at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(hour) * time.Hour)
		for i, scale := range []float64{1, 20, 500} {
			v := 3 + math.Sin(2*math.Pi*float64(hour+3*i)/24) + 0.1*rng.NormFloat64()
			strange := odd > 0 && hour%odd == odd-1
			if strange {
				v += 1.5
			}
			rows = append(rows, fmt.Sprintf("%s,s%d,%.5g", at.Format("2006-01-02 15:04"), i, scale*v))
			truth = append(truth, strange)
		}
	}
	return rows, truth
}

func writeSensors(t *testing.T, path string, rows []string) {
	t.Helper()
	writeLines(t, path, append([]string{"time,sensor,value"}, rows...))
}

// trainedOnSensors trains a model on clean weeks.
func trainedOnSensors(t *testing.T, dir string, more ...string) string {
	t.Helper()
	table, model := filepath.Join(dir, "clean.csv"), filepath.Join(dir, "sensors.safetensors")
	clean, _ := sensorRows(1, 0, 400, 0)
	writeSensors(t, table, clean)
	must(t, append([]string{"train", "--series", table, "--id", "sensor", "--out", model, "--output", "gaussian", "--horizon", "24", "--context", "24",
		"--lags", "1,24", "--hidden", "8", "--epochs", "8", "--paths", "10"}, more...)...)
	return model
}

// What is strange has higher scores, on all scales, and is what is flagged; what is missing passes; memory has its limits.
func TestWatchSeries(t *testing.T) {
	dir := t.TempDir()
	model := trainedOnSensors(t, dir)
	calm, _ := sensorRows(2, 400, 200, 0)
	mixed, truth := sensorRows(3, 600, 200, 31)
	calmFile, mixedFile := filepath.Join(dir, "calm.csv"), filepath.Join(dir, "mixed.csv")
	writeSensors(t, calmFile, calm)
	writeSensors(t, mixedFile, mixed)

	status, out, errs := capture(t, t.Context(), "watch", "--model", model, "--calibrate", calmFile, "--quantile", "0.99")
	if status != 0 || out != "" || !strings.Contains(errs, "sensors.safetensors.watch.json: values above") {
		t.Fatalf("status %d\n%s%s", status, out, errs)
	}
	status, out, errs = capture(t, t.Context(), "watch", "--model", model, "--json", mixedFile)
	if status != 0 || !strings.Contains(errs, "Values  600, flagged above") {
		t.Fatalf("status %d\n%s", status, errs)
	}
	var scores []float64
	var strange []bool
	n := 0
	for line := range strings.Lines(out) {
		var v struct {
			Line     int
			ID, Time string
			Value    float64
			Score    *float64
			Flag     bool
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil || v.Line != n+2 || !strings.HasPrefix(mixed[n], v.Time+","+v.ID+",") {
			t.Fatal(line, err)
		}
		if v.Score != nil {
			scores, strange = append(scores, *v.Score), append(strange, truth[n])
		} else if n >= 24*3 {
			t.Errorf("no score in %s", line)
		}
		if truth[n] && n >= 24*3 && !v.Flag {
			t.Errorf("not flagged: %s", line)
		}
		n++
	}
	if area := areaUnder(scores, strange); area < 0.98 {
		t.Errorf("area under the curve %.4f", area)
	}

	// From the standard input, with semicolons, a gap, a missing value, and fewer series than there are.
	mixed[300] = mixed[300][:strings.LastIndex(mixed[300], ",")+1]
	text := strings.ReplaceAll("time,sensor,value\n"+strings.Join(append(mixed[:90:90], mixed[150:330]...), "\n")+"\n", ",", ";")
	stdin(t, text)
	status, out, errs = capture(t, t.Context(), "watch", "--model", model, "--threshold", "20")
	if status != 0 || strings.Count(out, "\n") != 270 || strings.Count(out, "s0 missing, expected") != 1 {
		t.Errorf("status %d, %d lines\n%s", status, strings.Count(out, "\n"), errs)
	}
	stdin(t, text)
	status, out, errs = capture(t, t.Context(), "watch", "--model", model, "--threshold", "20", "--most-series", "2")
	if status != 0 || strings.Contains(out, "expected") || !strings.Contains(errs, "series were let go 268 times") {
		t.Errorf("status %d\n%s", status, errs)
	}
}

// Other outputs are watched, too.
func TestWatchSeriesOfPointsAndQuantiles(t *testing.T) {
	for _, output := range []string{"point", "quantile"} {
		dir := t.TempDir()
		table, model := filepath.Join(dir, "clean.csv"), filepath.Join(dir, "m.safetensors")
		clean, _ := sensorRows(1, 0, 300, 0)
		writeSensors(t, table, clean)
		must(t, "train", "--series", table, "--id", "sensor", "--out", model, "--output", output, "--horizon", "4", "--context", "24", "--hidden", "8",
			"--epochs", "12")
		rows, _ := sensorRows(2, 300, 60, 0)
		rows = append(rows, "2024-01-16 00:00,s1,900")
		stdin(t, "time,sensor,value\n"+strings.Join(rows, "\n")+"\n")
		status, out, errs := capture(t, t.Context(), "watch", "--model", model)
		last, most := 0.0, 0.0
		for line := range strings.Lines(out) {
			most = max(most, last)
			if word := strings.Fields(line)[0]; word != "-" {
				if _, err := fmt.Sscan(word, &last); err != nil {
					t.Fatal(err)
				}
			}
		}
		if status != 0 || !strings.Contains(out, "2024-01-16 00:00 s1 900, expected ") || last < 30 || most > last/2 {
			t.Errorf("%s: status %d, a score of %g after %g\n%s", output, status, last, most, errs)
		}
	}
}

// What a new user does wrong first.
func TestWatchSeriesMistakes(t *testing.T) {
	dir := t.TempDir()
	model := trainedOnSensors(t, dir, "--epochs", "1")
	at := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const head = "time,sensor,value\n2024-03-01 00:00,s0,3\n"
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{1, "line 3: the time 2024-02-29 23:00 of the series \"s0\" is not after 2024-03-01 00:00", []string{at("back.csv", head+"2024-02-29 23:00,s0,3\n")}},
		{1, "is not after", []string{at("twice.csv", head+"2024-03-01 00:00,s0,4\n")}},
		{1, "is it wrong? (--time-format", []string{at("far.csv", head+"2044-03-01 00:00,s0,4\n")}},
		{1, `line 2: the table has no column "sensor"; it has ["time" "value"] (--time`, []string{at("noid.csv", "time,value\n2024-03-01 00:00,3\n")}},
		{1, `has no column "value"`, []string{at("notarget.csv", "time,sensor,heat\n2024-03-01 00:00,s0,3\n")}},
		{1, `line 3: column "value": "warm" is not a number (a mark for missing values`, []string{at("words.csv", head+"2024-03-01 01:00,s0,warm\n")}},
		{1, "line 3: no time in the column", []string{at("notime.csv", head+",s0,4\n")}},
		{1, "line 3: no id in the column", []string{at("emptyid.csv", head+"2024-03-01 01:00,,4\n")}},
		{1, "may be written as", []string{at("dm.csv", "time,sensor,value\n01/02/2024 00:00,s0,3\n")}},
		{1, "is not as", []string{"--time-format", "%d.%m.%Y", at("format.csv", head)}},
		{1, "line 3: column \"time\": the time \"soon\" is not as", []string{at("soon.csv", head+"soon,s0,3\n")}},
		{1, "line 3", []string{at("ragged.csv", head+"2024-03-01 01:00,s0,4,5\n")}},
		{1, "", []string{at("empty.csv", "")}},
		{1, "line 2", []string{at("latin.csv", "time,sensor,value\n2024-03-01 00:00,caf\xe9,3\n")}},
		{1, "no such file", []string{filepath.Join(dir, "none.csv")}},
		{2, "want a table", []string{at("clean.txt", head)}},
		{2, "--most-series 0; want 1 or more", []string{"--most-series", "0"}},
		{2, "--score mean is for lines", []string{"--score", "mean", at("good.csv", head)}},
		{1, "has no values that can be scored", []string{"--calibrate", at("short.csv", head)}},
		{1, "--calibrate: open", []string{"--calibrate", filepath.Join(dir, "none.csv")}},
		{0, "flagged above 5: 0", []string{"--threshold", "5", at("crlf.csv", "\ufefftime,sensor,value\r\n2024-03-01 00:00,s0,3\r\n")}},
	} {
		status, _, errs := capture(t, t.Context(), append([]string{"watch", "--model", model}, c.args...)...)
		said := strings.Join(strings.Fields(errs), " ")
		if status != c.status || !strings.Contains(said, c.want) {
			t.Errorf("%q: status %d, want %d with %q:\n%s", c.args, status, c.status, c.want, errs)
		}
	}
}
