// What Draft uses of the Python extension's API: https://github.com/microsoft/vscode-python/tree/main/pythonExtensionApi
const vscode = require("vscode");

exports.activate = () => ({
  environments: {
    getActiveEnvironmentPath: () => ({ id: "selected", path: process.env.DRAFT_TEST_PYTHON }),
    resolveEnvironment: async ({ path }) => ({ executable: { uri: vscode.Uri.file(path) } }),
  },
});
