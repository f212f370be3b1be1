package command

import (
	"fmt"

	"github.com/pkg/errors"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/nn/train/chart"
	"github.com/unroll-go/unroll/nn/train/metric"
)

// pictures are the flags of plot that draw what a classifier of anything says of its test rows.
type pictures struct {
	confusion, roc, reliability bool
	positive                    string
}

func (p *pictures) flags(f *pflag.FlagSet) {
	f.BoolVar(&p.confusion, "confusion", false, "draw the confusion matrix of a classifier")
	f.BoolVar(&p.roc, "roc", false, "draw the ROC curves of a classifier")
	f.BoolVar(&p.reliability, "reliability", false, "draw how often a classifier is right, by how certain it is")
	positiveFlag(f, &p.positive)
}

// drawing makes a picture of probabilities of labels.
type drawing func(p *metric.Probabilities, labels []string) (*chart.Picture, error)

// chosen is the one drawing that was asked for, nil if none was.
func (p *pictures) chosen() (drawing, error) {
	var out drawing
	asked := 0
	for _, d := range []struct {
		asked bool
		draw  drawing
	}{{p.confusion, drawConfusion}, {p.roc, p.drawROC}, {p.reliability, drawReliability}} {
		if d.asked {
			out = d.draw
			asked++
		}
	}
	switch {
	case asked > 1:
		return nil, usage("want one of --confusion, --roc and --reliability")
	case p.positive != "" && !p.roc:
		return nil, usage("--positive goes with --roc")
	}
	return out, nil
}

func drawConfusion(p *metric.Probabilities, labels []string) (*chart.Picture, error) {
	c, err := p.Confusion(labels...)
	return chart.Confusion(c), err
}

func drawReliability(p *metric.Probabilities, _ []string) (*chart.Picture, error) {
	r, err := p.Reliability(bins, false)
	return chart.Reliability(r), err
}

// mostCurves are so many that a picture can be read.
const mostCurves = 12

// drawROC draws the curve of the label to find, of two, or that of each against the rest.
func (p *pictures) drawROC(scores *metric.Probabilities, labels []string) (*chart.Picture, error) {
	positive, err := positiveOf(labels, p.positive)
	if err != nil {
		return nil, err
	}
	var curves []chart.Series
	for i, label := range labels {
		area := scores.ROCAUC(i)
		if positive >= 0 && i != positive || area != area || len(curves) == mostCurves {
			continue
		}
		c := scores.ROC(i)
		curves = append(curves, chart.Series{Name: fmt.Sprintf("%s, area %.3f", quoted(shortened(label, 40)), area), X: c.X, Y: c.Y})
	}
	if len(curves) == 0 {
		return nil, errors.New("the test rows all have one label; a ROC curve needs two")
	}
	title := "ROC"
	if positive < 0 {
		title = fmt.Sprintf("ROC of each label against the rest, mean area %.3f", scores.MacroROCAUC())
	}
	return chart.ROC(title, curves...), nil
}
