/** The configuration says what cannot be. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}
