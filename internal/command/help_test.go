package command

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/recurrent/models"
)

// Help, of every command, and lists fit a terminal of 80 columns.
func TestHelpFitsATerminal(t *testing.T) {
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		var b bytes.Buffer
		c.SetOut(&b)
		if err := c.Help(); err != nil {
			t.Error(err)
		}
		if b.Len() < 50 {
			t.Errorf("%s has no help: %q", c.CommandPath(), b.String())
		}
		narrow(t, c.CommandPath(), b.String())
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(rootCommand())
	all, _ := must(t, "train", "--help-all")
	narrow(t, "train --help-all", all)
	out, _ := must(t, "data")
	narrow(t, "data", out)
	var b bytes.Buffer
	paragraph(&b, strings.Repeat("Stopped by --patience, hier hört es schöner auf; ", 9))
	narrow(t, "paragraph", b.String())
	if words := strings.Fields(b.String()); len(words) != 9*8 {
		t.Errorf("%d words of 72", len(words))
	}
}

func TestVersion(t *testing.T) {
	want := "unroll " + version() + "\n" + runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH + ", kernels: " + kernel.Features() + "\n"
	if out, _ := must(t, "--version"); out != want {
		t.Errorf("%q", out)
	}
}

func TestMistypedFlags(t *testing.T) {
	for args, want := range map[string]string{
		"train --hiden 3":      "unknown flag: --hiden; did you mean --hidden?",
		"generate --temprture": "did you mean --temperature?",
		"data --jsn":           "did you mean --json?",
		"train --nonsense":     "unknown flag: --nonsense\n",
		"trian":                "unknown command",
	} {
		status, _, errs := capture(t, context.Background(), strings.Fields(args)...)
		if status != 2 || !strings.Contains(errs, want) {
			t.Errorf("%s: status %d; want 2 and %q\n%s", args, status, want, errs)
		}
	}
}

// Every flag of a command that has those of tasks stands in one group of its help; that of train is short, and has them all
// with --help-all.
func TestFlagsAreInGroups(t *testing.T) {
	short, _ := must(t, "train", "--help")
	all, _ := must(t, "train", "--help-all")
	if n := strings.Count(short, "\n"); n > 100 || strings.Contains(short, "--zoneout") {
		t.Errorf("the help of train has %d lines", n)
	}
	for name, help := range map[string]string{"train": all, "eval": "", "predict": "", "plot": ""} {
		cmd, _, err := rootCommand().Find([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		if help == "" {
			help, _ = must(t, name, "--help")
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if n := strings.Count(help, "\n      --"+f.Name+" ") + strings.Count(help, "\n      --"+f.Name+"\n"); f.Name != "help" && n != 1 {
				t.Errorf("%s: --%s stands there %d times", name, f.Name, n)
			}
		})
	}
	if !strings.Contains(all, "\nWith --table:\n      --text-column") || !strings.Contains(all, "\nThe network:\n") {
		t.Error(all)
	}
}

// Every task has a topic of the help, with what it measures and all of its flags; the help of train names it.
func TestTopics(t *testing.T) {
	short, _ := must(t, "train", "--help")
	for _, own := range tasks() {
		name := topicName(own)
		topic, _ := must(t, "help", name)
		if !strings.Contains(topic, own.help()) || !strings.Contains(short, name) {
			t.Errorf("%s: %s", name, topic)
		}
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		c := models.Defaults(own.kind())
		own.configFlags(flags, &c)
		own.runFlags(flags)
		flags.VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(topic, "\n      --"+f.Name+" ") {
				t.Errorf("%s lacks --%s", name, f.Name)
			}
		})
	}
}
