// The client of mcp-go.
package main

import (
	"context"
	"strings"
	"sync"

	sse "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"clients/checks"
)

type client struct {
	*sse.Client
	server   string
	lock     sync.Mutex
	progress map[any]int
}

type roots struct{}

func (roots) ListRoots(context.Context, mcp.ListRootsRequest) (*mcp.ListRootsResult, error) {
	return &mcp.ListRootsResult{Roots: []mcp.Root{{URI: "file:///a"}}}, nil
}

func connect(ctx context.Context, url string) (checks.Client, error) {
	over, err := transport.NewSSE(url)
	if err != nil {
		return nil, err
	}
	c := &client{Client: sse.NewClient(over, sse.WithRootsHandler(roots{})), progress: map[any]int{}}
	c.OnNotification(c.onNotification)
	if err := c.Start(ctx); err != nil {
		return nil, err
	}
	result, err := c.Initialize(ctx, mcp.InitializeRequest{Params: mcp.InitializeParams{
		ProtocolVersion: "2024-11-05",
		ClientInfo:      mcp.Implementation{Name: "client", Version: "0"},
	}})
	if err != nil {
		return nil, err
	}
	c.server = result.ServerInfo.Name
	return c, nil
}

func (c *client) onNotification(told mcp.JSONRPCNotification) {
	if told.Method == "notifications/progress" {
		c.lock.Lock()
		defer c.lock.Unlock()
		c.progress[told.Params.AdditionalFields["progressToken"]]++
	}
}

func (c *client) ServerName() string { return c.server }

func (c *client) List(ctx context.Context) ([]string, error) {
	found, err := c.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, tool := range found.Tools {
		names = append(names, tool.Name)
	}
	return names, nil
}

func (c *client) Call(ctx context.Context, tool string, args map[string]any, token string) (string, error) {
	request := mcp.CallToolRequest{Params: mcp.CallToolParams{Name: tool, Arguments: args}}
	if token != "" {
		request.Params.Meta = &mcp.Meta{ProgressToken: token}
	}
	result, err := c.CallTool(ctx, request)
	if err != nil {
		return "", err
	}
	return result.Content[0].(mcp.TextContent).Text, nil
}

func (c *client) Progress(token string) int {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.progress[token]
}

// Code reads the text: this client's errors have no code for those of a server.
func (c *client) Code(err error) int {
	if strings.Contains(err.Error(), "it failed, as asked for") {
		return -32000
	}
	return 0
}

func (c *client) Close() { c.Client.Close() }

func main() { checks.Run(connect) }
