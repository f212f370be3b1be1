package chart_test

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/chart"
	"github.com/unroll-go/unroll/nn/train/flow"
	"github.com/unroll-go/unroll/nn/train/metric"
)

// measured has a state that shrinks by 0.8 and one that grows by 1.1 in every step back, and three gates.
func measured() *flow.Report {
	var shrinks, grows []float64
	for t := range 200 {
		back := float64(199 - t)
		shrinks, grows = append(shrinks, math.Pow(0.8, back)), append(grows, math.Pow(1.1, back))
	}
	return &flow.Report{
		States: []flow.State{{Name: "rnn.state_0_l0", Norms: shrinks, Factor: 0.8, Ratio: shrinks[0]}, {Name: "rnn.state_0_l1", Norms: grows, Factor: 1.1, Ratio: 1}},
		Gates:  []flow.Gate{{Name: "input_gate", Closed: 1}, {Name: "forget_gate", Open: 1}, {Name: "output_gate"}},
	}
}

func confusion(t *testing.T) *metric.Confusion {
	c := metric.NewConfusion("noun", "verb")
	if err := c.Add([]int{0, 0, 0, 0, 1, 1}, []int{0, 0, 0, 1, 1, 1}); err != nil {
		t.Fatal(err)
	}
	return c
}

func history() []train.Pass {
	var h []train.Pass
	for i := range 30 {
		x := float64(i)
		h = append(h, train.Pass{Epoch: i + 1, TrainLoss: 3*math.Exp(-x/8) + 0.5, Validation: 3*math.Exp(-x/6) + 0.8 + 0.02*x})
	}
	return h
}

func attention(n int) *chart.Picture {
	tokens := append([]string{"<s>", "tôi", "uống", "\"cà\"", "phê & trà"}, make([]string, n-5)...)
	weights := make([][]float64, n)
	for i := range weights {
		weights[i] = make([]float64, n)
		weights[i][i] = 0.25
		weights[i][(i+1)%n] = 0.75
	}
	return chart.Attention(weights, tokens, tokens)
}

// units are three that do different things over some steps.
func units(steps int) *chart.Picture {
	values, columns := make([][]float64, 3), make([]string, steps)
	for t := range steps {
		values[0], values[1], values[2] = append(values[0], 0), append(values[1], float64(t)), append(values[2], 1e-9*float64(1-2*(t%2)))
		columns[t] = string(rune('A' + t%26))
	}
	return chart.Units(values, []string{"still", "line 0.93", "back & forth"}, columns)
}

func pictures(t *testing.T) map[string]*chart.Picture {
	return map[string]*chart.Picture{
		"norms": chart.GradientNorms(measured()), "gates": chart.GateUse(measured()), "losses": chart.Losses(history()),
		"confusion": chart.Confusion(confusion(t)), "attention": attention(5), "long attention": attention(40),
		"metric":       chart.Lines(chart.Axes{Title: "F1", X: "epoch", Y: "macro F1 in %"}, chart.Series{Y: []float64{10, 40, 60}}),
		"flat":         chart.Lines(chart.Axes{Y: "loss"}, chart.Series{Y: []float64{0, 0}}),
		"fan":          chart.Fan(chart.Axes{Title: "Visitors", X: "month", Y: "thousands"}, fan(true)),
		"numbered fan": chart.Fan(chart.Axes{Title: "Visitors", X: "step"}, fan(false)),
		"reliability":  reliability(t, false), "equal mass": reliability(t, true), "roc": roc(t),
		"dot":   chart.Lines(chart.Axes{Y: "norm", Log: true}, chart.Series{Y: []float64{math.NaN(), 0, 3e-300, math.Inf(1)}}),
		"units": units(3), "long units": units(60),
	}
}

// Every picture is a PNG of the size it says, an SVG that parses and has its labels as text, and the same bytes twice.
func TestPictures(t *testing.T) {
	labels := map[string][]string{
		"norms":          {"rnn.state_0_l0: vanishing, times 0.8 a step back", "rnn.state_0_l1: exploding, times 1.1 a step back", "1e-16", "time step t", "1", "100"},
		"gates":          {"input_gate", "0", "100", "closed (below 0.05)", "share of activations in %"},
		"losses":         {"training", "validation, lowest 1.306 after epoch 20", "epoch", "Losses of training", "0", "1", "30", "epoch 20"},
		"confusion":      {"Confusion matrix, accuracy 83.3 %", "noun", "predicted", "truth", "3"},
		"attention":      {"<s>", "uống", "\"cà\"", "phê & trà", "0.25", "0.75"},
		"long attention": {"Attention (white 0, darkest 0.75)"},
		"units":          {"still", "line 0.93", "back & forth", "A", "C"},
		"long units":     {"Units over a text (white 0, blue above, orange below)", "still", "W"},
		"metric":         {"macro F1 in %", "10", "60"},
		"flat":           {"-0.2", "0", "0.2"},
		"fan":            {"Visitors", "2021", "2024", "50 %", "80 %", "95 %", "history", "forecast", "truth", "month"},
		"numbered fan":   {"1", "10", "40", "history"},
		"reliability":    {"Reliability, calibration error 0.16", "calibrated", "rows, at most 41", "0", "1"},
		"equal mass":     {"rows, at most 40"},
		"roc":            {"ROC", "a guess", "positive, area 0.83", "false positive rate"},
		"dot":            {"2e-300", "5e-300"},
	}
	for name, p := range pictures(t) {
		data, err := p.PNG()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if again, err := p.PNG(); err != nil || !bytes.Equal(data, again) {
			t.Errorf("%s: other bytes the second time (%v)", name, err)
		}
		size := decode(t, data).Bounds().Size()
		if w := p.Width / 2.54 * 192; math.Abs(float64(size.X)-w) > 1 {
			t.Errorf("%s: %d dots for %g cm", name, size.X, p.Width)
		}
		if band := emptyBelow(decode(t, data)); band > 0.5 {
			t.Errorf("%s: %.2f cm below the last letter are empty", name, band)
		}
		svg, err := p.SVG()
		if err != nil {
			t.Fatal(err)
		}
		text := texts(t, svg)
		for _, want := range labels[name] {
			if !strings.Contains(text, "\n"+want+"\n") {
				t.Errorf("%s: no text %q in %q", name, want, text)
			}
		}
	}
}

func decode(t *testing.T, data []byte) image.Image {
	t.Helper()
	im, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// emptyBelow is the height of the white band at the lower end of a picture, in centimetres.
func emptyBelow(im image.Image) float64 {
	size := im.Bounds().Size()
	for j := range size.Y {
		for i := range size.X {
			if color.GrayModel.Convert(im.At(i, size.Y-1-j)).(color.Gray).Y < 128 {
				return float64(j) / 192 * 2.54
			}
		}
	}
	return float64(size.Y) / 192 * 2.54
}

// texts are the letters of an SVG, a line for each of its texts.
func texts(t *testing.T, svg []byte) string {
	t.Helper()
	var b strings.Builder
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return b.String()
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		if s, ok := token.(xml.CharData); ok {
			b.WriteString("\n" + string(s) + "\n")
		}
	}
}

// dots counts the dots of a colour, and gives their middle as shares of the width and height.
func dots(im image.Image, want color.NRGBA) (n int, x, y float64) {
	size := im.Bounds().Size()
	for j := range size.Y {
		for i := range size.X {
			if color.NRGBAModel.Convert(im.At(i, j)) == want {
				n++
				x += float64(i) / float64(size.X)
				y += float64(j) / float64(size.Y)
			}
		}
	}
	return n, x / float64(max(n, 1)), y / float64(max(n, 1))
}

var (
	blue   = color.NRGBA{0x00, 0x72, 0xB2, 255}
	orange = color.NRGBA{0xE6, 0x9F, 0x00, 255}

	vermillion = color.NRGBA{0xD5, 0x5E, 0x00, 255}

	pale = color.NRGBA{0xE4, 0xE4, 0xE4, 255}
)

// Above 0 is blue, below is orange, as dark as each other at the largest size; a unit that does nothing is white.
func TestUnitsShades(t *testing.T) {
	data, err := units(30).PNG()
	if err != nil {
		t.Fatal(err)
	}
	im := decode(t, data)
	above, _, _ := dots(im, color.NRGBA{8, 48, 107, 255})
	below, _, _ := dots(im, color.NRGBA{110, 38, 3, 255})
	if ratio := float64(above) / float64(max(below, 1)); math.Abs(ratio-16.0/15) > 0.02 {
		t.Errorf("%d dots above, %d below; want 15 and 1 cells, and 15", above, below)
	}
}

// A gate that is always closed, one that is always open and one in between are three bars of one length.
func TestGateUseIsDrawnToScale(t *testing.T) {
	data, err := chart.GateUse(measured()).PNG()
	if err != nil {
		t.Fatal(err)
	}
	im := decode(t, data)
	closed, _, top := dots(im, blue)
	open, _, middle := dots(im, orange)
	between, _, bottom := dots(im, pale)
	for _, n := range []int{open, between} {
		if math.Abs(float64(n)/float64(closed)-1) > 0.05 {
			t.Errorf("%d dots closed, %d open, %d between", closed, open, between)
		}
	}
	if !(top < middle && middle < bottom) {
		t.Errorf("the gates are not in their order: at %.2f, %.2f, %.2f", top, middle, bottom)
	}
}

// The best epoch is marked where it is: at two thirds of the axis, with a dot in the colour of the validation loss.
func TestBestEpochIsMarked(t *testing.T) {
	area := func(p *chart.Picture) int {
		data, err := p.PNG()
		if err != nil {
			t.Fatal(err)
		}
		im := decode(t, data)
		size := im.Bounds().Size()
		n := 0
		for j := range size.Y * 3 / 4 { // without the legend
			for i := size.X / 2; i < size.X*3/4; i++ {
				if color.NRGBAModel.Convert(im.At(i, j)) == vermillion {
					n++
				}
			}
		}
		return n
	}
	var training, validation chart.Series
	for _, p := range history() {
		training.Y, validation.Y = append(training.Y, p.TrainLoss), append(validation.Y, p.Validation)
	}
	training.Name, validation.Name = "a", "b"
	marked, plain := area(chart.Losses(history())), area(chart.Lines(chart.Axes{Title: "t", X: "x", Y: "y"}, training, validation))
	if dot := math.Pi * 9 * 9; float64(marked-plain) < dot*0.7 { // a radius of 3.5 points is 9 dots
		t.Errorf("%d dots with the mark, %d without", marked, plain)
	}
}

// The darkest cell of the confusion matrix is the verbs', which are all found: at the lower right.
func TestConfusionShades(t *testing.T) {
	data, err := chart.Confusion(confusion(t)).PNG()
	if err != nil {
		t.Fatal(err)
	}
	n, x, y := dots(decode(t, data), color.NRGBA{8, 48, 107, 255})
	if n < 1000 || x < 0.6 || y < 0.4 {
		t.Errorf("%d darkest dots around %.2f, %.2f", n, x, y)
	}
}

// A gap is not bridged: without its middle, a line has half of its dots.
func TestGaps(t *testing.T) {
	count := func(y ...float64) int {
		data, err := chart.Lines(chart.Axes{Log: true}, chart.Series{Y: y}).PNG()
		if err != nil {
			t.Fatal(err)
		}
		n, _, _ := dots(decode(t, data), blue)
		return n
	}
	all := count(1, 1, 1, 1, 1)
	for _, gap := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if n := count(1, 1, gap, 1, 1); n < all*2/5 || n > all*3/5 {
			t.Errorf("%d of %d dots with a gap at %g", n, all, gap)
		}
	}
}

func TestHTMLAndSave(t *testing.T) {
	p := chart.Losses(history())
	p.Title = `a < "b"`
	data, err := p.PNG()
	if err != nil {
		t.Fatal(err)
	}
	html, err := p.HTML()
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(html, "base64,")
	body, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(rest, `">`))
	if err != nil || !bytes.Equal(body, data) || !strings.Contains(before, `alt="a &lt; &#34;b&#34;"`) {
		t.Errorf("HTML %s: %v", before, err)
	}
	if shown := p.SimpleRender(); !bytes.Equal(shown["image/png"].([]byte), data) || shown["text/plain"] != p.Title {
		t.Errorf("a cell of a notebook shows %v", shown["text/plain"])
	}
	if shown := (&chart.Picture{}).SimpleRender(); shown["image/png"] != nil || !strings.Contains(shown["text/plain"].(string), "an empty Picture") {
		t.Errorf("an empty picture shows %v", shown)
	}
	path := filepath.Join(t.TempDir(), "losses.PNG")
	if err := p.Save(path); err != nil {
		t.Fatal(err)
	}
	if saved, err := os.ReadFile(path); err != nil || !bytes.Equal(saved, data) {
		t.Errorf("saved %d bytes, want %d: %v", len(saved), len(data), err)
	}
}

// A picture that cannot be drawn, or not be written, leaves the older one as it was and nothing beside it.
func TestSaveKeepsTheOlderPicture(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "losses.png")
	if err := chart.Losses(history()).Save(path); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if chart.Losses(nil).Save(path) == nil {
		t.Error("a picture of nothing was saved")
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) || after.Size() != before.Size() {
		t.Errorf("another file, %v", err)
	}
	// Who has the older picture open still has all of it: the new one is another file with the same name.
	if err := chart.GateUse(measured()).Save(path); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || os.SameFile(before, after) {
		t.Errorf("written into the older file, %v", err)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 1 {
		t.Errorf("%v, %v", files, err)
	}
}

func TestRefuses(t *testing.T) {
	small := chart.Losses(history())
	small.Width = 0.5
	for want, p := range map[string]*chart.Picture{
		"no values to draw":         chart.Losses(nil),
		"2 values at 1 places":      chart.Lines(chart.Axes{}, chart.Series{X: []float64{1}, Y: []float64{1, 2}}),
		"no flow":                   chart.GradientNorms(nil),
		"without gates":             chart.GateUse(&flow.Report{}),
		"without classes":           chart.Confusion(nil),
		"1 rows of weights for 2":   chart.Attention([][]float64{{1}}, []string{"a"}, []string{"b", "c"}),
		"row 0 has 1 weights":       chart.Attention([][]float64{{1}}, []string{"a", "b"}, []string{"c"}),
		"weight 1 of row 0 is -0.5": chart.Attention([][]float64{{1, -0.5}}, []string{"a", "b"}, []string{"c"}),
		"weight 0 of row 0 is NaN":  chart.Attention([][]float64{{math.NaN()}}, []string{"a"}, []string{"c"}),
		"0 rows of values":          chart.Units(nil, nil, nil),
		"row 0 has 1 values":        chart.Units([][]float64{{1}}, []string{"a"}, []string{"b", "c"}),
		"value 1 of row 0 is NaN":   chart.Units([][]float64{{1, math.NaN()}}, []string{"a"}, []string{"b", "c"}),
		"an empty Picture":          {},
	} {
		if _, err := p.PNG(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
		if _, err := p.HTML(); err == nil {
			t.Errorf("%s: HTML of nothing", want)
		}
	}
	p := chart.Losses(history())
	if err := p.Save("losses.gif"); err == nil || !strings.Contains(err.Error(), `found ".gif"`) {
		t.Errorf("error %v", err)
	}
	p.Height = -1
	if _, err := p.SVG(); err == nil || !strings.Contains(err.Error(), "want sides above 0") {
		t.Errorf("error %v", err)
	}
	if _, err := small.PNG(); err != nil && !strings.Contains(err.Error(), "chart:") {
		t.Errorf("error %v", err) // too small a picture may be drawn badly or refused, without a panic
	}
}
