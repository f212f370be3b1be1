package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// about is what a file's metadata tell, in rows of a table: for a model of this command in words, for others as they
// are. A file that is damaged is one to look at, so nothing here is an error.
func (c *contents) about() []string {
	rest := map[string]string{}
	for key, value := range c.Metadata {
		rest[key] = value
	}
	var rows []string
	say := func(what, format string, args ...interface{}) {
		rows = append(rows, fmt.Sprintf("  %s\t%s", what, quoted(shortened(fmt.Sprintf(format, args...), columns-14))))
	}
	// take decodes an entry, which is then told in words and not shown as it is.
	take := func(key string, to interface{}) bool {
		if rest[key] == "" || json.Unmarshal([]byte(rest[key]), to) != nil {
			return false
		}
		delete(rest, key)
		return true
	}
	var own config
	var class classConfig
	var tokens struct {
		Kind   string            `json:"kind"`
		Tokens []json.RawMessage `json:"tokens"`
	}
	var labels []string
	switch {
	case c.Kind == languageModel.String() && take("config", &own):
		say("network", "%s", own.network())
		if take("vocabulary", &tokens) {
			say("vocabulary", "%s %ss", thousands(len(tokens.Tokens)), own.Vocabulary)
		}
		say("text", "%s", cmp.Or(own.Text, "the one that comes with the library"))
	case c.Kind == textClassifier.String() && take("classifier", &class):
		own = class.config
		say("network", "%s", class.network())
		if take("tokens", &tokens) {
			kind := own.Vocabulary + "s"
			if own.Vocabulary == bytePairs {
				kind = "byte pairs"
			}
			say("vocabulary", "%s %s", thousands(numberOfTokens(c, tokens.Tokens)), kind)
		}
		if take("labels", &labels) {
			say("labels", "%s", strings.Join(labels, ", "))
		}
		say("table", "%s, texts in %s, labels in %s", class.Table, class.TextColumn, class.LabelColumn)
	}
	if own.InitFrom != "" {
		say("begun with", "the weights of %s", own.InitFrom)
	}
	var loop struct {
		Step, Epoch int
		Best        float64
		Tested      bool
	}
	if own.Optimizer != "" && take("train.loop", &loop) {
		delete(rest, "format")
		say("trained", "%s, %s; %s, rate %g, batch %d, seed %d", count(loop.Step, "step", "steps"), count(loop.Epoch, "pass", "passes"), own.Optimizer, own.Rate, own.Batch, own.Seed)
		if loop.Tested {
			say("validation", "lowest loss %.4f", loop.Best)
		}
	}
	var keys []string
	for key := range rest {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		say(quoted(key), "%s", rest[key])
	}
	return rows
}

// numberOfTokens is the size of a classifier's vocabulary: that of its embedding, since byte pairs list their tokens
// otherwise than words do.
func numberOfTokens(c *contents, tokens []json.RawMessage) int {
	for _, t := range c.Tensors {
		if t.Name == "embedding.weight" {
			return t.Shape[0]
		}
	}
	return len(tokens)
}
