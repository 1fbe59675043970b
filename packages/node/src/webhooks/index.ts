export { httpsWebhooks } from './https-webhooks.ts';
