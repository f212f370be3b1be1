package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent/models"
	"github.com/unroll-go/unroll/recurrent/models/zoo"
)

func modelsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "models",
		Short: "List, describe, fetch and make small trained models",
		Long: `Without a further word, list the trained models that come with the releases.
--model takes their names, and fetches them when they are first used, into
UNROLL_DATA or the user's folder for caches. Anybody can make them: trainings
repeat to the bit, and the hash says whether a file is what it says it is.`,
		Example: `  unroll models
  unroll models show kjv
  unroll models make names --out names.safetensors
  unroll generate --model kjv --prompt "In the beginning"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := listedModels()
			if err != nil {
				return err
			}
			return show(cmd, list)
		},
	}
	jsonFlag(cmd)
	cmd.AddCommand(&cobra.Command{
		Use: "show NAME", Short: "Describe a model: what it is, how good it is, how it is made", Args: oneModel, ValidArgs: modelNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := findModel(args[0])
			if err != nil {
				return err
			}
			return describeModel(cmd.OutOrStdout(), m)
		},
	}, &cobra.Command{
		Use: "fetch NAME", Short: "Fetch a model and check its hash; what was begun goes on", Args: oneModel, ValidArgs: modelNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			defer heedSignals(cmd)()
			m, err := findModel(args[0])
			if err != nil {
				return err
			}
			path, err := m.Fetch(cmd.Context(), catalog.Options{Progress: fetchBar(cmd.ErrOrStderr())})
			if err != nil {
				return unfetched(m, err)
			}
			_, err = fmt.Fprintf(cmd.ErrOrStderr(), "%s is in %s\n", m.Name, path)
			return err
		},
	}, makeModelCommand())
	return cmd
}

func makeModelCommand() *cobra.Command {
	var out string
	var force bool
	cmd := &cobra.Command{
		Use: "make NAME", Short: "Train a model as it was made, and compare the hash", Args: oneModel, ValidArgs: modelNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := findModel(args[0])
			if err != nil {
				return err
			}
			if out == "" {
				out = m.Name + ".safetensors"
			}
			return saveTo(cmd, out, force, func(path string) error { return makeModel(cmd, m, path) })
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to save to (default NAME.safetensors)")
	cmd.Flags().BoolVar(&force, "force", false, "overwrite an existing file")
	return cmd
}

// makeModel trains a model of the zoo, and says whether it has become what is released.
func makeModel(cmd *cobra.Command, m zoo.Model, path string) error {
	defer heedSignals(cmd)()
	w := cmd.ErrOrStderr()
	tell(w, "Make", "%s on %s: %s", m.Name, m.Data, m.Config().Network(m.Kind))
	unit := "tokens"
	if m.Kind != models.KindLanguage {
		unit = "texts"
	}
	show := newDisplay(w, unit)
	defer show.finish()
	err := m.Make(cmd.Context(), path, models.Run{Observers: []train.Observer{{OnStep: show.step, OnValidation: show.validation}}})
	if err != nil {
		return err
	}
	sum, err := fileHash(path)
	if err != nil {
		return err
	}
	verdict := "the file of the release"
	if sum != m.SHA256 {
		verdict = "not the file of the release, " + m.SHA256
	}
	tell(w, "SHA-256", "%s: %s", sum, verdict)
	return nil
}

// fileHash is the SHA-256 of a file.
func fileHash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func oneModel(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("found %d names; want one (unroll models lists them)", len(args))
	}
	return nil
}

func modelNames() []string {
	var out []string
	for _, m := range zoo.All() {
		out = append(out, m.Name)
	}
	return out
}

func findModel(name string) (zoo.Model, error) {
	m, ok := zoo.Find(name)
	if !ok {
		return m, usage("no model is called %q (unroll models lists them)", name)
	}
	return m, nil
}

// unfetched says of a model that cannot be fetched how to make it.
func unfetched(m zoo.Model, err error) error {
	var missing *catalog.MissingError
	if errors.As(err, &missing) {
		return errors.Errorf("%v\nTo make it here, in about %s: unroll models make %s",
			err, count(m.Minutes, "minute", "minutes"), m.Name)
	}
	return err
}

// resolve is the path of a model: a file, or one of the zoo by its name, which is fetched.
func resolve(path string) (string, error) {
	m, ok := zoo.Find(path)
	if !ok {
		return path, nil
	}
	if _, err := os.Stat(path); err == nil {
		return path, nil // a file of that name comes first
	}
	found, err := m.Fetch(context.Background(), catalog.Options{Progress: fetchBar(os.Stderr)})
	if err != nil {
		return "", unfetched(m, err)
	}
	return found, nil
}

// describeModel prints all that is known of a model.
func describeModel(w io.Writer, m zoo.Model) error {
	path, err := m.Path(catalog.Options{})
	if err != nil {
		return err
	}
	c := m.Config()
	_, err = fmt.Fprintf(w, "%s: %s\n", m.Name, m.Title)
	for _, line := range [][2]string{
		{"kind", m.Kind.String()}, {"network", c.Network(m.Kind)}, {"data", m.Data}, {"result", m.Result},
		{"size", count(int(m.Bytes), "byte", "bytes")}, {"sha256", m.SHA256}, {"file", path},
		{"make", fmt.Sprintf("unroll models make %s (about %s on one core)", m.Name, count(m.Minutes, "minute", "minutes"))},
	} {
		if err == nil {
			_, err = fmt.Fprintf(w, "%s: %s\n", line[0], line[1])
		}
	}
	return err
}

// zooList are the models of the zoo.
type zooList []zooRow

type zooRow struct {
	Name   string `json:"name"`
	Title  string `json:"title"`
	Kind   string `json:"kind"`
	Data   string `json:"data"`
	Result string `json:"result"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	Here   bool   `json:"here"`
	Make   string `json:"make"`
}

func listedModels() (zooList, error) {
	var out zooList
	for _, m := range zoo.All() {
		here, err := m.OnDisk(catalog.Options{})
		if err != nil {
			return nil, err
		}
		out = append(out, zooRow{m.Name, m.Title, m.Kind.String(), m.Data, m.Result, m.Bytes, m.SHA256, here, "unroll models make " + m.Name})
	}
	return out, nil
}

func (l zooList) print(w io.Writer) error {
	rows := []string{"name\tkind\tMB\twhat"}
	for _, m := range l {
		mark := ""
		if !m.Here {
			mark = " *"
		}
		rows = append(rows, fmt.Sprintf("%s\t%s\t%.1f%s\t%s", m.Name, m.Kind, float64(m.Bytes)/1e6, mark, m.Title))
	}
	if err := table(w, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "\n* is fetched when it is first used. More of one: unroll models show NAME")
	return err
}
