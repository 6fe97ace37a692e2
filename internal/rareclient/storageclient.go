// Copyright The iishunt Authors
// SPDX-License-Identifier: Apache-2.0

package rareclient

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// inUse has the instances that have a storage client. An instance in two
// pipelines is two components with one id, which would read and write one state.
var inUse sync.Map

type owner struct {
	storage string // its address
	kind    component.Kind
	id      component.ID
}

func openClient(ctx context.Context, host component.Host, storageID component.ID, self Self) (storage.Client, func(), error) {
	ext, ok := host.GetExtensions()[storageID]
	if !ok {
		return nil, nil, fmt.Errorf("storage: extension %q is not in service::extensions, add it there", storageID)
	}
	st, ok := ext.(storage.Extension)
	if !ok {
		return nil, nil, fmt.Errorf("storage: extension %q is not a storage extension, use one such as file_storage", storageID)
	}
	o := owner{fmt.Sprintf("%p", ext), self.Kind, self.ID}
	if _, taken := inUse.LoadOrStore(o, nil); taken {
		return nil, nil, fmt.Errorf("storage: %q is in more than one pipeline, and the Collector runs one instance for each, but a stored state is one instance's alone: "+
			"give each pipeline an instance of its own, such as %s/web and %s/admin, or join the pipelines with the connector rare_client", self.ID, self.ID.Type(), self.ID.Type())
	}
	free := func() { inUse.Delete(o) }
	client, err := st.GetClient(ctx, self.Kind, self.ID, "")
	if err != nil {
		free()
		return nil, nil, fmt.Errorf("storage: %q gives no client (does another Collector use the same directory?): %w", storageID, err)
	}
	return client, free, nil
}
