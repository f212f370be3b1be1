package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent/models"
)

// about is what a file's metadata tell, in rows of a table: for a model of this command in words, for others as they
// are. Tokens is the size of a model's vocabulary. A file that is damaged is one to look at, so nothing here is an error.
func about(metadata map[string]string, tokens int) []string {
	a := &account{metadata: metadata, rest: maps.Clone(metadata)}
	kind, ok := models.KindOf(metadata)
	config, err := models.ConfigOf(metadata)
	if ok && err == nil {
		a.model(kind, config, tokens)
		a.training(config)
	}
	for _, key := range slices.Sorted(maps.Keys(a.rest)) {
		a.say(quoted(key), "%s", a.rest[key])
	}
	return a.rows
}

// account collects what there is to say of a file.
type account struct {
	metadata map[string]string
	rest     map[string]string // its entries that were not told in words yet
	rows     []string
}

func (a *account) say(what, format string, args ...any) {
	a.rows = append(a.rows, fmt.Sprintf("  %s\t%s", what, quoted(shortened(fmt.Sprintf(format, args...), columns-14))))
}

// take decodes an entry, which is then told in words and not shown as it is.
func (a *account) take(key string, to any) bool {
	if a.rest[key] == "" || json.Unmarshal([]byte(a.rest[key]), to) != nil {
		return false
	}
	delete(a.rest, key)
	return true
}

// model tells what the model is.
func (a *account) model(kind models.Kind, c models.Config, vocabularySize int) {
	a.say("network", "%s", c.Network())
	delete(a.rest, "format")
	var vocabulary json.RawMessage
	var labels []string
	if kind == models.KindClassifier {
		delete(a.rest, "classifier")
		if a.take("tokens", &vocabulary) {
			tokens := c.Tokens + "s"
			if c.Tokens == models.BytePairs {
				tokens = "byte pairs"
			}
			a.say("vocabulary", "%s %s", thousands(vocabularySize), tokens)
		}
		if a.take("labels", &labels) {
			a.say("labels", "%s", strings.Join(labels, ", "))
		}
		if t := c.Origin.Table; t.File != "" {
			a.say("table", "%s, texts in %s, labels in %s", t.File, t.TextColumn, t.LabelColumn)
		}
	} else {
		delete(a.rest, "config")
		if a.take("vocabulary", &vocabulary) {
			a.say("vocabulary", "%s %ss", thousands(vocabularySize), c.Tokens)
		}
		if c.Origin.Hash != "" { // a program other than the command does not tell
			a.say("text", "%s", cmp.Or(c.Origin.Text, "the one that comes with the library"))
		}
	}
	if from := c.Origin.InitFrom; from != "" {
		a.say("begun with", "the weights of %s", from)
	}
}

// training tells how the model was trained.
func (a *account) training(c models.Config) {
	run, err := train.SummaryOf(a.metadata)
	if err != nil || run == nil {
		return
	}
	delete(a.rest, train.SummaryKey)
	a.say("trained", "%s, %s; %s, rate %g, batch %d, seed %d",
		count(run.Step, "step", "steps"), count(run.Epoch, "pass", "passes"),
		c.Optimizer, c.Rate, c.Batch, c.Seed)
	if run.Tested {
		a.say("validation", "lowest loss %.4f", run.Best)
	}
}
