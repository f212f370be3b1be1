package command

import (
	"bytes"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/events"
)

// logEvery is the number of steps between two entries of a log.
const logEvery = 10

// closingLog is a log of one run.
type closingLog interface {
	events.Log
	io.Closer
}

// openLog opens what --log names: a table in CSV, or a folder of events for TensorBoard. Saved is the checkpoint that the
// run goes on from, nil for a new one. No path is no log.
func openLog(path string, saved *train.Checkpoint, force bool) (closingLog, error) {
	switch {
	case path == "":
		return nil, nil
	case strings.EqualFold(filepath.Ext(path), ".csv"):
		return openCSV(path, saved, force)
	}
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return nil, usage("--log %s: want a name that ends in .csv, or a folder for TensorBoard", path)
	}
	return events.NewTensorBoard(path)
}

// csvFile is a CSV with its file.
type csvFile struct {
	*events.CSV
	file *os.File
}

func (c csvFile) Close() error {
	err := c.Flush()
	if closing := c.file.Close(); err == nil {
		err = closing
	}
	return err
}

// openCSV begins a table, or goes on with that of the run before. Steps that were logged after the checkpoint was saved
// will be made again, so their rows go.
func openCSV(path string, saved *train.Checkpoint, force bool) (closingLog, error) {
	how := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	goesOn := false
	if _, err := os.Stat(path); err == nil {
		step := 0
		switch {
		case saved != nil:
			step = saved.Step()
		case !force:
			return nil, errors.Errorf("--log %s exists; choose another name, or overwrite it with --force", path)
		}
		how, goesOn = os.O_WRONLY|os.O_APPEND, true
		if err := cutLog(path, step); err != nil {
			return nil, err
		}
	}
	file, err := os.OpenFile(path, how, 0o666)
	if err != nil {
		return nil, errors.Wrap(err, "--log")
	}
	log, err := events.NewCSV(file, goesOn)
	if err != nil {
		file.Close()
		return nil, err
	}
	return csvFile{log, file}, nil
}

// cutLog leaves the rows of a log up to a step, the header among them.
func cutLog(path string, step int) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return errors.Wrap(err, "--log")
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1 // the last line of a process that was killed may be cut
	rows, err := r.ReadAll()
	if err != nil || len(rows) == 0 || strings.Join(rows[0], ",") != "step,name,value" {
		return errors.Errorf("--log %s is there, but no log: its first line is not step,name,value", path)
	}
	kept := rows[:1]
	for _, row := range rows[1:] {
		if n, err := strconv.Atoi(row[0]); err == nil && n <= step && len(row) == 3 {
			kept = append(kept, row)
		}
	}
	return errors.Wrap(atomicfile.Write(path, func(w io.Writer) error { return csv.NewWriter(w).WriteAll(kept) }), "--log")
}
