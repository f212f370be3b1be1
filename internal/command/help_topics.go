package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/recurrent/models"
)

// trainHelp is the help of train. What concerns one kind of data alone stands in its topic.
func trainHelp(list []task) string {
	var topics []string
	for _, t := range list {
		topics = append(topics, topicName(t))
	}
	var b strings.Builder
	paragraph(&b, "How data of each kind are read and split, what is measured, and which settings are otherwise: "+
		"unroll help "+strings.Join(topics, ", ")+".")
	return `Train a recurrent network and save it as one safetensors file. The data say what
it learns. A flag names them, or FILE is taken for what it looks like, which is
said. A part of them is kept for the test, or to validate; the last line printed
has the figures, such as test_accuracy=0.91, and of most kinds a baseline's.

` + b.String() + `
Ctrl-C saves a checkpoint; --resume continues it, bit for bit. --from begins
with the weights of a trained model, and trains on with other data.`
}

// wholeTrainHelp is the help of train with the part of every task.
func wholeTrainHelp(list []task) string {
	parts := []string{trainHelp(list)}
	for _, t := range list {
		parts = append(parts, t.help())
	}
	parts = append(parts, `A model that --from names gives its network and its vocabulary, unless flags
say otherwise: weights that fit are kept, others are made anew, which is said. A
text with characters that the vocabulary lacks wants --new-tokens; words that it
lacks are read as <unk>. Labels that both tables have keep their weights.

--vectors begins the embeddings with word vectors of GloVe, word2vec or
fastText. --freeze leaves weights as they are; unroll inspect lists them.`)
	return strings.Join(parts, "\n\n")
}

func topicName(t task) string { return "train-" + t.data() }

// topicCommands are what unroll help tells of each task: what is trained and measured, and the flags that it has beside
// those of all. They do nothing else.
func topicCommands(list []task) []*cobra.Command {
	var out []*cobra.Command
	for _, t := range list {
		c := models.Defaults(t.kind())
		own := ordered()
		t.configFlags(own, &c)
		t.runFlags(own)
		out = append(out, &cobra.Command{
			Use:   topicName(t),
			Short: fmt.Sprintf("Training a %v", t.kind()),
			Long: fmt.Sprintf("%s\n\nFlags of its own, beside those in unroll train --help:\n%s",
				t.help(), strings.TrimSuffix(own.FlagUsagesWrapped(columns), "\n")),
		})
	}
	return out
}

// otherDefaults says which flags are otherwise for a task than for a language model, unless they are given.
func otherDefaults(t task) string {
	language, own := models.Defaults(models.KindLanguage), models.Defaults(t.kind())
	usual := pflag.NewFlagSet("", pflag.ContinueOnError)
	configFlags(usual, &language)
	var others []string
	flagsOf(t, &own).VisitAll(func(f *pflag.Flag) {
		lacking := f.DefValue == "" || f.DefValue == "0" // what this kind of model does not have
		if u := usual.Lookup(f.Name); u != nil && f.DefValue != u.DefValue && !lacking {
			others = append(others, "--"+f.Name+" "+f.DefValue)
		}
	})
	var b strings.Builder
	paragraph(&b, "Unless given, these are: "+strings.Join(others, ", ")+".")
	return strings.TrimSuffix(b.String(), "\n")
}
