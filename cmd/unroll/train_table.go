package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/recurrent/models"
)

// trainOnTable trains a classifier.
func trainOnTable(cmd *cobra.Command, p *plan, fl trainFlags) error {
	origin := &p.config.Origin
	t, parts, err := readTables(origin.Table)
	if err != nil {
		return err
	}
	hash, err := tablesHash(origin.Table)
	if err != nil {
		return err
	}
	if fl.resume != "" && hash != origin.Hash {
		return errors.Errorf("%s has changed since %s was saved", origin.Table.File, fl.resume)
	}
	origin.Table.TextColumn, origin.Table.LabelColumn, origin.Hash = t.columns.text, t.columns.label, hash
	w := cmd.ErrOrStderr()
	m, err := classifierFor(w, p, t, parts.fit, fl)
	if err != nil {
		return err
	}
	loop, err := m.Loop(parts.fit, parts.check, fl.run())
	if err != nil {
		return err
	}
	if err := fl.round(loop); err != nil {
		return err
	}
	saved, err := goOn(loop, fl)
	if err != nil {
		return err
	}
	c := m.Config()
	t.describe(w)
	parts.describe(w)
	fmt.Fprintf(w, "Model   %s, %d %s tokens\n", c.Network(), m.Tokenizer().Len(), c.Tokens)
	describeFiles(w, saved, fl)
	show := newDisplay(w)
	show.plain = true
	result, err := carryOut(cmd, loop, show, saved, fl)
	if err != nil {
		return err
	}
	conclusion(w, result, c.Patience, true)
	test, err := m.Evaluate(parts.test)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nSaved %s. More: unroll eval --model %s, unroll predict --model %s\n", fl.out, fl.out, fl.out)
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "test_accuracy=%.4f test_macro_f1=%.4f val_loss=%.4f texts_per_s=%.0f\n",
		test.Confusion.Accuracy(), test.Confusion.MacroF1(), result.Best, result.TokensPerSecond)
	return err
}

// classifierFor is a new model for a table, or one from a file.
func classifierFor(w io.Writer, p *plan, t *labelledTable, fit models.Examples, fl trainFlags) (*models.Classifier, error) {
	from, _ := p.from.(*models.Classifier)
	if fl.resume != "" {
		return from.With(p.config)
	}
	if err := t.checkLabels(); err != nil {
		return nil, err
	}
	if fit.Len() < 1 {
		return nil, errors.Errorf("%s: %d rows are too few to train on", p.config.Origin.Table.File, t.Len())
	}
	labels := t.classes()
	if from != nil {
		if !slices.Equal(labels, from.Labels()) {
			fmt.Fprintf(w, "Labels  other than those of %s: the head is made anew\n", fl.initFrom)
		}
		return from.Relabelled(p.config, labels)
	}
	m, err := models.NewClassifier(p.config, fit.Texts, labels)
	if err != nil {
		return nil, err
	}
	return m, enough(w, m, m.Tokenizer().Len(), machineMemory())
}

// parts are the rows of a classifier's table: to train on, to stop by, to test. The last two may have files of their own.
type parts struct {
	fit, check, test models.Examples
	untested         bool // there are none to test: those to stop by stand in
}

// readTables reads a model's table, and those of its parts that have a file of their own.
func readTables(of models.Table) (*labelledTable, parts, error) {
	format := formatIn(of)
	t, err := readTable(of.File, tableColumns{of.TextColumn, of.LabelColumn}, format)
	if err != nil {
		return nil, parts{}, err
	}
	validation, test := 0.1, of.TestPart
	if of.ValidFile != "" {
		validation = 0
	}
	if of.TestFile != "" {
		test = 0
	}
	var p parts
	if p.fit, p.check, p.test, err = t.Split(validation, test); err != nil {
		return nil, parts{}, err
	}
	count := t.count()
	for _, own := range []struct {
		file string
		part *models.Examples
	}{{of.ValidFile, &p.check}, {of.TestFile, &p.test}} {
		if own.file == "" {
			continue
		}
		table, err := readTable(own.file, t.columns, format)
		if err != nil {
			return nil, parts{}, err
		}
		for i, label := range table.Labels {
			if count[label] == 0 {
				return nil, parts{}, errors.Errorf("%s has the label %q, which %s lacks", table.Place(i), label, of.File)
			}
		}
		*own.part = table.Examples
	}
	if p.untested = p.test.Len() == 0; p.untested {
		p.test = p.check
	}
	return t, p, nil
}

// describe says how many rows each part has, and whether the test is one.
func (p parts) describe(w io.Writer) {
	if p.untested {
		fmt.Fprintf(w, "Rows    %d to train on, %d to stop by, which test it, too\n", p.fit.Len(), p.check.Len())
	} else {
		fmt.Fprintf(w, "Rows    %d to train on, %d to stop by, %d to test\n", p.fit.Len(), p.check.Len(), p.test.Len())
	}
	seen, known := map[string]bool{}, 0
	for _, text := range p.fit.Texts {
		seen[text] = true
	}
	for _, text := range p.test.Texts {
		if seen[text] {
			known++
		}
	}
	if 2*known >= p.test.Len() {
		fmt.Fprintf(w, "Note    of %d texts to test, %d are also trained on: their accuracy says little of new texts\n", p.test.Len(), known)
	}
}

// tablesHash tells whether a model's files have changed.
func tablesHash(of models.Table) (string, error) {
	hash, err := hashOf(of.File)
	for _, file := range []string{of.ValidFile, of.TestFile} {
		if file == "" || err != nil {
			continue
		}
		var more string
		more, err = hashOf(file)
		sum := sha256.Sum256([]byte(hash + more))
		hash = hex.EncodeToString(sum[:])
	}
	return hash, err
}

func hashOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", errors.Wrap(err, path)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
