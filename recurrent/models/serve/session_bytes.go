package serve

import (
	"encoding/binary"
	"encoding/json"
)

// change is a session to write, or to delete.
type change struct {
	id    string
	data  []byte // nil to delete
	touch bool   // only its use is new
	done  chan error
}

// A session as bytes: the length of its description (uint32, little-endian), the description in JSON, and its state. It is what
// the file has, and what is exported.

// sessionHead is what a session is described with where it is kept.
type sessionHead struct {
	about
	History *history `json:"history,omitempty"`
}

func (s *session) bytes() ([]byte, error) {
	head, err := json.Marshal(sessionHead{s.about, s.history})
	if err != nil {
		return nil, err
	}
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(head)))
	return append(append(out, head...), s.state...), nil
}

func sessionOf(data []byte) (*session, error) {
	if len(data) < 4 || int64(binary.LittleEndian.Uint32(data)) > int64(len(data)-4) {
		return nil, bad("these bytes are no session")
	}
	n := binary.LittleEndian.Uint32(data)
	var d sessionHead
	if err := json.Unmarshal(data[4:4+n], &d); err != nil {
		return nil, bad("these bytes are no session: %v", err)
	}
	return &session{about: d.about, state: append([]byte{}, data[4+n:]...), history: d.History}, nil
}
