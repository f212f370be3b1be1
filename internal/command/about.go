package command

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent/models"
)

// about is what a file's metadata tell, in rows of a table: for a model of this command in words, for others as they
// are. Tokens is the size of a model's vocabulary. A file that is damaged is one to look at, so nothing here is an error.
func about(metadata map[string]string, tokens int) []string {
	a := &account{metadata: metadata, tokens: tokens, rest: maps.Clone(metadata)}
	kind, ok := models.KindOf(metadata)
	config, err := models.ConfigOf(metadata)
	if ok && err == nil {
		a.model(kind, config)
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
	tokens   int
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

// takeTokens takes the entry of a vocabulary, of which only the size is told.
func (a *account) takeTokens(key string) bool {
	var vocabulary struct {
		Tokens []json.RawMessage `json:"tokens"`
	}
	if a.tokens == 0 && json.Unmarshal([]byte(a.rest[key]), &vocabulary) == nil {
		a.tokens = len(vocabulary.Tokens) // an adapter may be without the embedding
	}
	var entry json.RawMessage
	return a.take(key, &entry)
}

// model tells what the model is.
func (a *account) model(kind models.Kind, c models.Config) {
	for i, line := range folded("", "", c.Network(kind), columns-14) {
		a.say([]string{"network", ""}[min(i, 1)], "%s", line)
	}
	delete(a.rest, "format")
	delete(a.rest, models.ConfigEntry(kind))
	taskOf(tasks(), kind).about(a, c)
	var adapter struct {
		Rank    int      `json:"r"`
		Targets []string `json:"targets"`
		Whole   []string `json:"whole"`
	}
	from := c.Origin.From
	switch {
	case a.take(models.AdapterEntry, &adapter):
		weights := adaptedWeights(models.TuneConfig{Targets: adapter.Targets, Whole: adapter.Whole})
		a.say("adapter", "rank %d, %s of %s", adapter.Rank, weights, from)
	case from != "":
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
