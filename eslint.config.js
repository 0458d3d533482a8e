import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/**
 * The arrows of the house: for each room, what its files may not import, and where the code belongs instead.
 * bin → device | service → sdk, local-hub → config → terminal; testing → device, sdk, local-hub; local-hub → hub; inside the hub: front-ends → hub.ts → model, query, store.
 */
const ARROWS = [
  room(
    ['src/terminal/**'],
    ['**/config/**', '**/sdk/**', '**/device/**', '**/service/**', '**/hub/**', '**/local-hub/**'],
    {
      message: 'terminal is what people see: hand in what it needs, it imports from no other room',
    },
  ),
  room(['src/config/**'], ['**/sdk/**', '**/device/**', '**/service/**', '**/hub/**', '**/local-hub/**'], {
    message:
      'config knows settings and connection strings only: code that uses a hub belongs in device, service or local-hub',
  }),
  room(['src/sdk/**'], ['**/device/**', '**/service/**', '**/hub/**', '**/local-hub/**'], {
    message: 'sdk wraps the Azure SDKs for both programs: commands and behaviours belong in their rooms',
  }),
  room(
    ['src/hub/**'],
    ['**/sdk/**', '**/device/**', '**/service/**', '**/config/**', '**/terminal/**', '**/local-hub/**'],
    {
      message: 'the hub stands alone: hand in what it needs through its options',
    },
  ),
  room(['src/local-hub/**'], ['**/sdk/**', '**/device/**', '**/service/**'], {
    message: 'local-hub serves both programs: what only one of them needs belongs in its room',
  }),
  room(['src/device/**'], ['**/service/**'], {
    message: 'sim-device and hub-admin meet only in a hub: share through config or terminal',
  }),
  room(['src/service/**'], ['**/device/**'], {
    message: 'sim-device and hub-admin meet only in a hub: share through config or terminal',
  }),
  room(['src/testing/**'], ['**/service/**'], {
    message: 'the test kit runs hubs and devices: what an operator does goes through sdk',
  }),
  room(['src/device/**', 'src/service/**', 'src/local-hub/**', 'src/hub/**', 'src/sdk/**'], ['**/testing/**'], {
    message: 'the test kit stands above the programs: they do not know of it',
  }),
  room(['src/device/**', 'src/service/**', 'src/local-hub/**', 'src/testing/**'], ['**/hub/**', '!**/hub/index.ts'], {
    message: "import the hub's public face, src/hub/index.ts",
  }),
  room(['src/hub/front-ends/**'], ['**/store/**', '**/query/**'], {
    message:
      'a front end parses, calls hub.ts and answers: what touches the store or the query language belongs in an operation',
  }),
  room(['src/hub/store/**'], ['**/front-ends/**', '**/query/**', '**/hub.ts', '**/server.ts', '**/operations/**'], {
    message: 'store keeps and recovers: rules belong in model, operations in hub.ts',
  }),
];

const PURE = {
  files: ['src/hub/model/**', 'src/hub/query/**'],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            message: 'model and query are pure: no I/O, nothing from above',
            group: [
              'node:*',
              '!node:crypto',
              '!node:buffer',
              '**/store/**',
              '**/front-ends/**',
              '**/operations/**',
              '**/hub.ts',
              '**/server.ts',
              '**/device/**',
              '**/service/**',
              '**/config/**',
              '**/terminal/**',
              '**/local-hub/**',
            ],
          },
        ],
      },
    ],
    'no-restricted-syntax': [
      'error',
      {
        selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
        message: 'take the time as an argument',
      },
      { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'take the time as an argument' },
      {
        selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
        message: 'take the random source as an argument',
      },
    ],
  },
};

function room(files, group, { message }) {
  return { files, group, message };
}

/** Flat config lets the last block win for a rule, so blocks that share files are merged into one block per distinct set. */
function arrowBlocks() {
  const rooms = [...new Set(ARROWS.flatMap((arrow) => arrow.files))].sort((a, b) => a.length - b.length);
  return rooms.map((files) => ({
    files: [files],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: ARROWS.filter((arrow) => arrow.files.some((f) => covers(f, files))).map(({ group, message }) => ({
            group,
            message,
          })),
        },
      ],
    },
  }));
}

/** Whether the room `outer` contains `inner`: 'src/hub/**' contains 'src/hub/store/**'. */
function covers(outer, inner) {
  return inner.startsWith(outer.replace('**', ''));
}

export default tseslint.config(
  { ignores: ['dist/', 'dist.*/', 'node_modules/', 'coverage/', 'examples/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // `const { secret: _secret, ...rest } = value` is how a member is left out.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { ignoreRestSiblings: true, varsIgnorePattern: '^_', argsIgnorePattern: '^_' },
      ],
      'no-console': 'error',
    },
  },
  {
    files: ['test/**/*.ts'],
    // Tests read JSON that a foreign program printed: its shape is what the assertion checks.
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['bin/**', 'scripts/**', 'bench/**', '*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        performance: 'readonly',
      },
    },
    rules: { 'no-console': 'off' },
  },
  ...arrowBlocks(),
  PURE,
  prettier,
);
