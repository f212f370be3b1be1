package command

import (
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// forShell is a word as a shell takes it: as it is, or between quotes. Commands are printed so that they can be copied.
func forShell(word string) string {
	special := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./:,+@%", r) && r != filepath.Separator
	}
	if word != "" && strings.IndexFunc(word, special) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// argument is the name of a file as an argument of a command, which must not look like a flag.
func argument(path string) string {
	if strings.HasPrefix(path, "-") {
		path = "." + string(filepath.Separator) + path
	}
	return forShell(path)
}

// notInCheckpoint are the flags of a run that a checkpoint does not have. Where they were given, a run that goes on is given them again.
var notInCheckpoint = []string{"log", "save-every", "precision", "profile", "sample"}

// toGoOn is the command that goes on with a run, with the flags that the checkpoint does not have.
func (fl trainFlags) toGoOn(cmd *cobra.Command) string {
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	switch {
	case fl.ranks != nil:
		own = fl.ranks.flags
	case fl.device != nil:
		own = fl.device.flags
	}
	line := []string{fl.program(), fl.verb(), "--resume", forShell(fl.out)}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch {
		case !slices.Contains(notInCheckpoint, f.Name) && own.Lookup(f.Name) == nil:
		case f.NoOptDefVal == "":
			line = append(line, "--"+f.Name, forShell(f.Value.String()))
		case f.NoOptDefVal == f.Value.String():
			line = append(line, "--"+f.Name)
		default:
			line = append(line, "--"+f.Name+"="+forShell(f.Value.String()))
		}
	})
	return strings.Join(line, " ")
}
