package events

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/pkg/errors"
	"google.golang.org/protobuf/encoding/protowire"
)

// TensorBoard writes event files for TensorBoard: a log of scalars, histograms and texts. Each file is a sequence of
// tensorflow.Event messages (tensorflow/core/util/event.proto) in TFRecord frames:
//
//	length    uint64, little-endian
//	crc       uint32 of the length
//	data      the message
//	crc       uint32 of the data
//
// where a crc is the CRC-32C, masked: ((c >> 15) | (c << 17)) + 0xa282ead8. Tags must be UTF-8: with others TensorBoard
// could not read the whole file. NewTensorBoard makes a log; after Close, writing is an error.
type TensorBoard struct {
	file *os.File
	w    *bufio.Writer
	now  func() time.Time
}

// NewTensorBoard makes a new event file in a folder, and the folder if need be. A run that is resumed makes another file in
// the same folder; TensorBoard shows them as one run.
func NewTensorBoard(folder string) (*TensorBoard, error) {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, errors.Wrap(err, "events: TensorBoard")
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	// The time comes first in the name: TensorBoard reads the files of a run in the order of their names.
	name := fmt.Sprintf("events.out.tfevents.%010d.%s.%d.%09d", time.Now().Unix(), host, os.Getpid(), time.Now().Nanosecond())
	file, err := os.OpenFile(filepath.Join(folder, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return nil, errors.Wrap(err, "events: TensorBoard")
	}
	l := &TensorBoard{file: file, w: bufio.NewWriter(file), now: time.Now}
	version := protowire.AppendTag(nil, eventVersion, protowire.BytesType)
	if err := l.event(0, protowire.AppendString(version, "brain.Event:2")); err != nil {
		file.Close()
		return nil, err
	}
	return l, l.Flush()
}

// Numbers of the fields, from event.proto, summary.proto and tensor.proto of TensorFlow.
const (
	eventWallTime = 1 // double
	eventStep     = 2 // int64
	eventVersion  = 3 // string
	eventSummary  = 5 // Summary

	summaryValue   = 1 // repeated Value
	valueTag       = 1 // string
	valueScalar    = 2 // float
	valueHistogram = 5 // HistogramProto
	valueTensor    = 8 // TensorProto
	valueMetadata  = 9 // SummaryMetadata

	metadataPlugin = 1 // PluginData
	pluginName     = 1 // string

	tensorDtype  = 1 // DataType
	tensorShape  = 2 // TensorShapeProto
	tensorString = 8 // repeated bytes
	shapeDim     = 2 // repeated Dim
	dimSize      = 1 // int64
	dtString     = 7
)

// Scalar writes a number, which TensorBoard keeps in float32.
func (l *TensorBoard) Scalar(tag string, step int, value float64) error {
	return l.value(tag, step, protowire.AppendFixed32(protowire.AppendTag(nil, valueScalar, protowire.Fixed32Type),
		math.Float32bits(float32(value))))
}

// Text writes a text, which TensorBoard shows as Markdown.
func (l *TensorBoard) Text(tag string, step int, text string) error {
	dim := protowire.AppendVarint(protowire.AppendTag(nil, dimSize, protowire.VarintType), 1)
	t := protowire.AppendVarint(protowire.AppendTag(nil, tensorDtype, protowire.VarintType), dtString)
	t = message(t, tensorShape, message(nil, shapeDim, dim)) // [1]
	t = message(t, tensorString, []byte(text))
	plugin := message(nil, metadataPlugin, message(nil, pluginName, []byte("text")))
	return l.value(tag, step, message(message(nil, valueMetadata, plugin), valueTensor, t))
}

// value writes a summary with one value, given without its tag.
func (l *TensorBoard) value(tag string, step int, value []byte) error {
	if err := checkTag(tag); err != nil {
		return err
	}
	v := append(message(nil, valueTag, []byte(tag)), value...)
	return l.event(step, message(nil, eventSummary, message(nil, summaryValue, v)))
}

// event writes an event, given without its time and step, in its frame.
func (l *TensorBoard) event(step int, what []byte) error {
	if err := l.open(); err != nil {
		return err
	}
	t := float64(l.now().UnixNano()) / 1e9
	data := protowire.AppendFixed64(protowire.AppendTag(nil, eventWallTime, protowire.Fixed64Type), math.Float64bits(t))
	data = protowire.AppendVarint(protowire.AppendTag(data, eventStep, protowire.VarintType), uint64(step))
	data = append(data, what...)

	frame := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	frame = binary.LittleEndian.AppendUint32(frame, maskedCRC(frame))
	frame = append(frame, data...)
	frame = binary.LittleEndian.AppendUint32(frame, maskedCRC(data))
	_, err := l.w.Write(frame)
	return errors.Wrap(err, "events: TensorBoard")
}

// message appends a field that holds bytes: a message, or a string.
func message(dst []byte, field protowire.Number, data []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(dst, field, protowire.BytesType), data)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is TFRecord's checksum.
func maskedCRC(data []byte) uint32 {
	c := crc32.Checksum(data, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// open is an error if there is no file to write to.
func (l *TensorBoard) open() error {
	if l.w == nil {
		return errors.New("events: the log is closed, or was never opened by NewTensorBoard")
	}
	return nil
}

// Flush hands the events to the file, where TensorBoard finds them.
func (l *TensorBoard) Flush() error {
	if err := l.open(); err != nil {
		return err
	}
	return errors.Wrap(l.w.Flush(), "events: TensorBoard")
}

// Close flushes and closes the file.
func (l *TensorBoard) Close() error {
	if err := l.open(); err != nil {
		return err
	}
	err := l.Flush()
	l.w = nil
	if closing := l.file.Close(); err == nil {
		err = errors.Wrap(closing, "events: TensorBoard")
	}
	return err
}
